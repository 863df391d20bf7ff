"""Rules draw_<per> and draw_figure: pictures and animations of the registry."""

from pathlib import Path

from rbcflow.figures.copies import write_copies
from rbcflow.figures.drawings import draw
from rbcflow.figures.player import write_player
from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder

FILES = ("predictions", "seeds", "published", "clusters", "raw_counts", "headline")
"""Inputs that drawing functions take as files; the others are folders."""
LISTS = ("runs", "datasets", "outlines", "testsets")


def folder_or_file(name: str, value: object) -> Path | list[Path]:
    """Return what a drawing function expects under an input's name, given the file the rule waits for."""
    if name in LISTS:
        return [Path(file).parent for file in value]
    return Path(value) if name in FILES else Path(value).parent


if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    whole = Recorder.of_job(snakemake)
    for figure, output, provenance in zip(
        snakemake.params.figures, snakemake.output.figures, snakemake.output.provenance, strict=True
    ):
        inputs = {name: whole.inputs[name] for name in figure["inputs"]}
        recorder = Recorder(whole.rule, inputs, {"figure": figure}, whole.wildcards)
        draw(
            figure["draws"],
            {name: folder_or_file(name, snakemake.input[name]) for name in figure["inputs"]},
            Path(output),
            vector=figure["vector"],
            **figure["options"],
        )
        write_copies(Path(output))
        if output.endswith(".gif"):
            write_player(Path(output), Path(output).with_suffix(".html"))
        recorder.write(provenance, figure=figure["id"], key=snakemake.wildcards.key)
