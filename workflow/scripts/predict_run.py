"""Rule predict_run: the boxes of one model on one test set, computed once."""

from pathlib import Path

from rbcflow import logs
from rbcflow.predict import predict
from rbcflow.provenance import Recorder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    predict(
        Path(snakemake.input.weights),
        Path(snakemake.input.testset).parent,
        Path(snakemake.output.predictions),
        run=snakemake.wildcards.run,
        model=snakemake.params.run["model"],
        scale=snakemake.params.scale,
        threads=snakemake.threads,
        device="auto",
    )
    recorder.write(snakemake.output.provenance)
