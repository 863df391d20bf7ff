"""Rule tabulate_seeds: mean, spread and each value of the validation metrics over the seeds of every model."""

from pathlib import Path

from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder
from rbcflow.training.seeds import seed_table

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    table = seed_table(Path(record).parent for record in snakemake.input.records)
    table.to_csv(snakemake.output.table, index=False, float_format="%.5f")
    recorder.write(snakemake.output.provenance)
