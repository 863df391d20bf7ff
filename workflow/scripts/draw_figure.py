"""Rules draw_figure and draw_gif: one picture or animation of the registry."""

from pathlib import Path

from rbcflow import logs
from rbcflow.figures.drawings import draw
from rbcflow.figures.player import write_player
from rbcflow.provenance import Recorder

FILES = ("predictions", "seeds", "published", "clusters", "raw_counts")
"""Inputs that drawing functions take as files; the others are folders."""


def folder_or_file(name: str, value: object) -> Path | list[Path]:
    """Return what a drawing function expects under an input's name, given the file the rule waits for."""
    if name == "benchmarks":
        return Path(snakemake.output.figure).parents[2] / "benchmarks"
    if name in ("runs", "datasets", "outlines"):
        return [Path(file).parent for file in value]
    return Path(value) if name in FILES else Path(value).parent


if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    figure = snakemake.params.figure
    draw(
        figure["draws"],
        {name: folder_or_file(name, snakemake.input[name]) for name in figure["inputs"]},
        Path(snakemake.output.figure),
        **figure["options"],
    )
    if "player" in snakemake.output.keys():  # noqa: SIM118
        write_player(Path(snakemake.output.figure), Path(snakemake.output.player))
    recorder.write(snakemake.output.provenance, figure=snakemake.wildcards.figure, key=snakemake.wildcards.key)
