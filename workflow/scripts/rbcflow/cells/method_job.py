"""From a Snakemake job to what the extraction methods are run on (scripts of stage ``cells``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from rbcflow.cells.cut import Job, Networks
from rbcflow.cells.outline import Options
from rbcflow.runtime.lineage import OUTLINED, PHANTOM, RECUT
from rbcflow.runtime.provenance import Recorder
from rbcflow.sources.extraction import Extraction
from rbcflow.sources.record import SourceRecord

NETWORKS = ("unet", "cellpose", "yolo")
"""Names under which a job has the segmentation networks, as inputs or params."""


def recorder_of(snakemake: Any) -> Recorder:
    """Return the recorder of a script that has networks as inputs or params, for which they are tools."""
    recut = [RECUT] if "rim" in getattr(snakemake.params, "methods", []) else []
    return Recorder.of_job(snakemake, tools=NETWORKS, remarks=remarks_on(snakemake.params.networks) + recut)


def remarks_on(networks: Mapping[str, Any]) -> list[str]:
    """Return what the param ``networks`` makes to be said of the cells."""
    listed = [entry for name in NETWORKS if (entry := networks.get(name))]
    return [OUTLINED] if any(learned_from == PHANTOM for _, _, learned_from in listed) else []


def method_job(snakemake: Any, source: SourceRecord) -> Job:
    """Return the job of a script that has networks as inputs or params, and a bank's options.

    Args:
        snakemake: the object Snakemake injects into scripts.
        source: the record of the files that are looked at.
    """
    inputs, scratch = dict(snakemake.input.items()), Path(snakemake.output[0]).parent / ".ultralytics"
    networks, extraction = snakemake.params.networks, snakemake.params.extraction
    job = job_of(source, networks, extraction, inputs, scratch=scratch, threads=snakemake.threads)
    own = snakemake.params.options
    options = Options(**{**own, "recordings": tuple(own["recordings"])})
    return replace(job, wanted=options.wants, options=options)


def job_of(
    source: SourceRecord,
    networks: Mapping[str, Any],
    extraction: Mapping[str, Any],
    inputs: Mapping[str, Any],
    *,
    scratch: Path,
    threads: int,
) -> Job:
    """Return what a method is run on.

    Args:
        source: the record of the files that are looked at.
        networks: file, sha256 and origin of networks that are listed, and the diameter.
        extraction: the params of the laboratory's ``Extraction``.
        inputs: files by name, networks trained in the same run and the table of clusters among them.
        scratch: private folder for Ultralytics' settings.
        threads: processor threads.
    """
    files: dict[str, tuple[Path, str | None] | None] = {}
    for name in NETWORKS:
        listed, trained = networks.get(name), inputs.get(name)
        files[name] = (Path(listed[0]), listed[1]) if listed else (Path(trained), None) if trained else None
    clusters = inputs.get("clusters")
    chosen = Networks(
        **files, clusters=Path(clusters) if clusters else None, diameter=networks["diameter"], scratch=scratch,
        threads=threads,
    )  # fmt: skip
    return Job(source.layout, source.source, Path(source.folder), networks=chosen, extraction=Extraction.of(extraction))
