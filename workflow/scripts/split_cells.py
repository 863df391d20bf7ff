"""Rule split_cells: say which cell may appear in train, val and test."""

from pathlib import Path

from rbcflow.cells.splits import write_splits
from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    write_splits(
        [Path(table).parent for table in snakemake.input.banks],
        Path(snakemake.output.splits),
        scheme=snakemake.wildcards.scheme,
        shares=snakemake.params.shares,
        seed=snakemake.params.seed,
        paper=snakemake.params.paper,
    )
    recorder.write(snakemake.output.provenance)
