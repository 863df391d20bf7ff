"""Rule score_outlines: one extraction path on every source with known masks that it can take."""

from pathlib import Path

from rbcflow.cells.jobs import path_job, recorder_of
from rbcflow.metrics.outlines import score, unavailable, write
from rbcflow.runtime import logs
from rbcflow.sources import record

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = recorder_of(snakemake)
    path, frames, scored = snakemake.wildcards.path, snakemake.params.frames, []
    for file in snakemake.input.records:
        source = record.read(Path(file))
        if source.status == "available":
            scored.append(score(path, path_job(snakemake, source), source, frames=frames))
        else:
            scored.append(unavailable(path, source))
    write(scored, Path(snakemake.output.summary).parent)
    recorder.write(snakemake.output.provenance)
