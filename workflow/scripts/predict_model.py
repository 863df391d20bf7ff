"""Rules predict_<model>: the boxes of one model on all its test sets, computed once."""

from pathlib import Path

from rbcflow.predictions.predict import Predictor
from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    weights, record = Path(snakemake.input.weights), Path(snakemake.input.record)
    testsets = {Path(file).parent.name: Path(file) for file in snakemake.input.testsets}
    model = snakemake.params.model
    predictor = Predictor(weights, model, snakemake.threads, device="auto", clipped=snakemake.params.clipped)
    for row, output, provenance in zip(
        snakemake.params.runs, snakemake.output.predictions, snakemake.output.provenance, strict=True
    ):
        # a record a run, of what that run was made from
        inputs = {"weights": weights, "record": record, "testset": testsets[row["testset"]]}
        params = {"run": row, "source_fingerprint": snakemake.params.source_fingerprint}
        recorder = Recorder("predict_model", inputs, params, {"model": model, "run": row["run"]})
        seen = {"size": row["size"], "scale": row["scale"], "channels": row["input"]}
        predictor.predict(inputs["testset"].parent, Path(output), run=row["run"], **seen)
        recorder.write(provenance)
