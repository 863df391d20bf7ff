"""Rule evaluate_run: count everything from one run's predictions and the truth."""

from pathlib import Path

from rbcflow import logs
from rbcflow.metrics.run import evaluate
from rbcflow.provenance import Recorder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    evaluate(
        Path(snakemake.input.predictions),
        Path(snakemake.input.testset).parent,
        Path(snakemake.output.metrics).parent,
        run=snakemake.wildcards.run,
        model=snakemake.params.run["model"],
        conf=snakemake.params.conf,
        iou=snakemake.params.iou,
    )
    recorder.write(snakemake.output.provenance)
