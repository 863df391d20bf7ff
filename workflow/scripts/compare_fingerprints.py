"""Rule compare_fingerprints: this run's fingerprints beside those expected of it."""

from pathlib import Path

from rbcflow import expected, logs
from rbcflow.provenance import Recorder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    files = {Path(file).parent.name: Path(file) for file in snakemake.input.fingerprints}
    expected.compare(files, snakemake.params.expected, Path(snakemake.output.table))
    recorder.write(snakemake.output.provenance)
