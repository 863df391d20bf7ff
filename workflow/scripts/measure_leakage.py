"""Rule measure_leakage: what is on more than one side of train, val and test, by scheme."""

from pathlib import Path

from rbcflow.cells.leakage import measure_leakage
from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    measure_leakage(
        [Path(table).parent for table in snakemake.input.banks],
        {scheme: [Path(table) for table in snakemake.input[scheme]] for scheme in ("grouped", "paper")},
        Path(snakemake.output.table),
    )
    recorder.write(snakemake.output.provenance)
