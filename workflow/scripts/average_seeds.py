"""Rule average_seeds: the mean of the weights that a model's seeds ended with, as a model folder like any other."""

import tempfile
from pathlib import Path

from rbcflow.detector.setup import import_ultralytics
from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder
from rbcflow.training.average import average_seeds

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    with tempfile.TemporaryDirectory() as config:
        import_ultralytics(Path(config))
        average_seeds([Path(record).parent for record in snakemake.input.records], Path(snakemake.output.record).parent)
    recorder.write(snakemake.output.provenance)
