"""Rules evaluate_<model>: count everything from the predictions of a model's runs and the truth."""

from pathlib import Path

from rbcflow import logs
from rbcflow.metrics.run import evaluate
from rbcflow.provenance import Recorder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    testsets = {Path(file).parent.name: Path(file) for file in snakemake.input.testsets}
    model, limits = snakemake.params.model, {key: snakemake.params[key] for key in ("conf", "iou")}
    for row, predictions, provenance in zip(
        snakemake.params.runs, snakemake.input.predictions, snakemake.output.provenance, strict=True
    ):
        # a record a run, of what that run was counted from
        inputs = {"predictions": Path(predictions), "testset": testsets[row["testset"]]}
        params = {"run": row, **limits, "code": snakemake.params.code}
        recorder = Recorder("evaluate_model", inputs, params, {"model": model, "run": row["run"]})
        folder = Path(provenance).parent
        evaluate(inputs["predictions"], inputs["testset"].parent, folder, run=row["run"], model=model, **limits)
        recorder.write(provenance)
