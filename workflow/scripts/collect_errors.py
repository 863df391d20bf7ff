"""Rule collect_errors: the worst errors of one run, cut out of their frames."""

from pathlib import Path

from rbcflow.figures.errors import error_tiles
from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    error_tiles(
        Path(snakemake.input.errors).parent,
        Path(snakemake.input.predictions),
        Path(snakemake.input.testset).parent,
        Path(snakemake.output.table).parent,
    )
    recorder.write(snakemake.output.provenance)
