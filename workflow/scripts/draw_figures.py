"""Rules draw_<what>: pictures and animations of the registry."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rbcflow.figures.copies import write_copies
from rbcflow.figures.drawings import draw
from rbcflow.figures.player import write_player
from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder

FILES = ("predictions", "seeds", "published", "published_curves", "clusters", "raw_counts", "headline")
"""Inputs that drawing functions take as files; the others are folders."""


def drawn_from(value: Path | list[Path], name: str) -> Path | list[Path]:
    """Return what a drawing function expects under an input's name, given the file the rule waits for."""
    if isinstance(value, list):
        return [drawn_from(file, name) for file in value]
    return value if name in FILES else value.parent


def recorders(job: Any) -> Iterator[tuple[dict[str, Any], str, Recorder]]:
    """Yield the figures of a job with their keys and records, in the order of its outputs.

    A job of several keys has lists of inputs, one of each key; a record names those of its own figure.
    """
    whole = Recorder.of_job(job)
    rule = job.params.get("record_as", job.rule)
    for number, key in enumerate(job.params.drawn_for):
        own = {name: files[number] for name, files in whole.inputs.items()} if job.params.get("many") else whole.inputs
        for figure in job.params.figures:
            inputs = {name: own[name] for name in figure["inputs"]}
            yield figure, key, Recorder(rule, inputs, {"figure": figure}, {"key": key})


if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    words = {name: snakemake.params[name] for name in ("labels", "pixels_um", "dpi")}
    outputs = zip(snakemake.output.figures, snakemake.output.provenance, strict=True)
    for (figure, key, recorder), (output, provenance) in zip(recorders(snakemake), outputs, strict=True):
        inputs = {name: drawn_from(value, name) for name, value in recorder.inputs.items()}
        recorder.origin = draw(
            figure["draws"], inputs, Path(output), vector=figure["vector"], **words, **figure["options"]
        )
        write_copies(Path(output))
        if output.endswith(".gif"):
            write_player(Path(output), Path(output).with_suffix(".html"))
        recorder.write(provenance, figure=figure["id"], key=key)
