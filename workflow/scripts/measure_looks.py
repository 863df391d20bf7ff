"""Rule measure_looks: shape, colour and halo of every whole cell of the recorded test sets."""

from pathlib import Path

from rbcflow.metrics.looks import measure
from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    table = measure([Path(path).parent for path in snakemake.input.testsets])
    table.to_csv(snakemake.output.table, index=False, float_format="%.6g")
    recorder.write(snakemake.output.provenance)
