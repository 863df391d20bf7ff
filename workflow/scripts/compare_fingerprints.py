"""Rule compare_fingerprints: this run's fingerprints, stage by stage, beside those expected of it."""

from pathlib import Path

from rbcflow.reproduction import fingerprints
from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    items = [
        fingerprints.Item(file=Path(file), **item)
        for file, item in zip(snakemake.input.files, snakemake.params.compared, strict=True)
    ]
    fingerprints.compare(items, snakemake.params.committed, Path(snakemake.output.table))
    recorder.write(snakemake.output.provenance)
