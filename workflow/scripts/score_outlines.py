"""Rule score_outlines: one extraction path on one source with known masks."""

from pathlib import Path

from rbcflow import logs
from rbcflow.jobs import path_job
from rbcflow.metrics.outlines import score, write_unavailable
from rbcflow.provenance import Recorder
from rbcflow.raw import record

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    source = record.read(Path(snakemake.input.record))
    path, folder = snakemake.wildcards.path, Path(snakemake.output.summary).parent
    if source.status == "available":
        score(path, path_job(snakemake, source), folder, frames=snakemake.params.frames)
    else:
        write_unavailable(path, source.source, source.reason, folder)
    recorder.write(snakemake.output.provenance)
