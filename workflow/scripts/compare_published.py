"""Rule compare_published: counts the preprint states beside those of this run."""

from pathlib import Path

from rbcflow.claims import published
from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    output = Path(snakemake.output.table)
    published.compare(snakemake.params.counts, output.parents[1], output)
    recorder.write(snakemake.output.provenance)
