"""Rule check_metrics: every run counted again by the libraries' own functions; a disagreement ends the DAG."""

import tempfile
from pathlib import Path

import pandas as pd

from rbcflow.detector.setup import import_ultralytics
from rbcflow.metrics.check import check_run, require_agreement
from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    with tempfile.TemporaryDirectory() as config:
        import_ultralytics(Path(config))
    files = zip(snakemake.params.runs, snakemake.input.metrics, snakemake.input.predictions, strict=True)
    results = Path(snakemake.output.table).parents[1]
    tables = [
        check_run(Path(metrics).parent, Path(predictions), results / "testsets" / row["testset"])
        for row, metrics, predictions in files
    ]
    table = pd.concat(tables, ignore_index=True)
    require_agreement(table, Path(snakemake.output.table))
    table.to_csv(snakemake.output.table, index=False, float_format="%.9g")
    recorder.write(snakemake.output.provenance)
