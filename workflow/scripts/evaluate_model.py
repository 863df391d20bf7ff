"""Rules evaluate_<model>: count everything from the predictions of a model's runs and the truth."""

from pathlib import Path

from rbcflow.core.tables import read_object
from rbcflow.metrics.run import evaluate
from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    testsets = {Path(file).parent.name: Path(file) for file in snakemake.input.testsets}
    model, limits = snakemake.params.model, {key: snakemake.params[key] for key in ("conf", "iou")}
    record = Path(snakemake.input.record)
    training = read_object(record, "the record of a training", ["learned_from", "remarks"])
    for row, predictions, provenance in zip(
        snakemake.params.runs, snakemake.input.predictions, snakemake.output.provenance, strict=True
    ):
        # a record a run, of what that run was counted from
        inputs = {"predictions": Path(predictions), "record": record, "testset": testsets[row["testset"]]}
        params = {"run": row, **limits, "source_fingerprint": snakemake.params.source_fingerprint}
        recorder = Recorder("evaluate_model", inputs, params, {"model": model, "run": row["run"]})
        folder = Path(provenance).parent
        known = {"run": row["run"], "model": model, "training": training}
        evaluate(inputs["predictions"], inputs["testset"].parent, folder, **known, **limits)
        recorder.write(provenance)
