"""From a Snakemake job to what the extraction paths are run on (scripts of stage ``cells``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rbcflow.cells.cut import Job, Networks
from rbcflow.runtime.provenance import OUTLINED, PHANTOM, Recorder
from rbcflow.sources.record import SourceRecord

NETWORKS = ("unet", "cellpose", "yolo")
"""Names under which a job has the networks that outline cells, as inputs or params."""


def recorder_of(snakemake: Any) -> Recorder:
    """Return the recorder of a script that has networks as inputs or params, for which they are tools."""
    listed = [entry for name in NETWORKS if (entry := snakemake.params.networks.get(name))]
    drawn = any(learned_from == PHANTOM for _, _, learned_from in listed)
    return Recorder.of_job(snakemake, tools=NETWORKS, remarks=[OUTLINED] if drawn else [])


def path_job(snakemake: Any, source: SourceRecord) -> Job:
    """Return the job of a script that has networks as inputs or params.

    Args:
        snakemake: the object Snakemake injects into scripts.
        source: the record of the files that are looked at.
    """
    params, scratch = snakemake.params.networks, Path(snakemake.output[0]).parent / ".ultralytics"
    files: dict[str, tuple[Path, str | None] | None] = {}
    for name in NETWORKS:
        listed, trained = params.get(name), dict(snakemake.input.items()).get(name)
        files[name] = (Path(listed[0]), listed[1]) if listed else (Path(trained), None) if trained else None
    clusters = dict(snakemake.input.items()).get("clusters")
    networks = Networks(
        **files, clusters=Path(clusters) if clusters else None, diameter=params["diameter"], scratch=scratch,
        threads=snakemake.threads,
    )  # fmt: skip
    return Job(source.layout, source.source, Path(source.folder), networks=networks)
