"""Rules collect_errors_<model>: the worst errors of a model's runs, cut out of their frames."""

from pathlib import Path

from rbcflow.figures.error_tiles import error_tiles
from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    testsets = {Path(file).parent.name: Path(file) for file in snakemake.input.testsets}
    model, source_fingerprint = snakemake.params.model, snakemake.params.source_fingerprint
    for row, errors, predictions, provenance in zip(
        snakemake.params.runs,
        snakemake.input.errors,
        snakemake.input.predictions,
        snakemake.output.provenance,
        strict=True,
    ):
        # a record a run, of what its errors were cut from
        inputs = {"errors": Path(errors), "predictions": Path(predictions), "testset": testsets[row["testset"]]}
        recorder = Recorder(
            "collect_errors", inputs, {"source_fingerprint": source_fingerprint}, {"model": model, "run": row["run"]}
        )
        folders = inputs["errors"].parent, inputs["predictions"], inputs["testset"].parent
        error_tiles(*folders, Path(provenance).parent)
        recorder.write(provenance)
