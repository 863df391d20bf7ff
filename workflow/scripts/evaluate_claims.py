"""Rule evaluate_claims: every sentence and printed value of the preprint with a verdict."""

import json
from pathlib import Path

import pandas as pd

from rbcflow.claims.statistics import Runs
from rbcflow.claims.table import Evidence, evaluate_claims, read_metrics
from rbcflow.claims.training import settings
from rbcflow.core.names import naming
from rbcflow.core.yamlfile import read_yaml
from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    params = snakemake.params
    claims, published = (read_yaml(Path(path)) for path in (snakemake.input.claims, snakemake.input.published))
    # models/<model>/seed-<seed>/training.json
    records = {Path(path).parents[1].name: json.loads(Path(path).read_text()) for path in snakemake.input.trainings}
    evidence = Evidence(
        runs=Runs(
            {row["run"]: row for row in params.runs}, Path(snakemake.output.table).parents[1],
            params.conf, params.iou, params.resamples, params.seed,
        ),
        metrics=read_metrics([Path(path) for path in snakemake.input.metrics]),
        trainings={model: settings(record, params.images[model]) for model, record in records.items()},
        models=params.models,
        **{name: pd.read_csv(snakemake.input[name]) for name in ("looks", "counts", "seeds")},
    )  # fmt: skip
    with naming(params.labels):
        evaluate_claims(claims, published, evidence).to_csv(snakemake.output.table, index=False)
    recorder.write(snakemake.output.provenance)
