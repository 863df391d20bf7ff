"""Rule judge_claims: every sentence and printed value of the preprint with a verdict."""

from pathlib import Path

import pandas as pd
import yaml

from rbcflow import logs
from rbcflow.claims import judge, read_metrics
from rbcflow.provenance import Recorder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    claims, published = (
        yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        for path in (snakemake.input.claims, snakemake.input.published)
    )
    table = judge(
        claims,
        published,
        {name: pd.read_csv(snakemake.input[name]) for name in ("headline", "comparisons", "counts", "seeds")},
        read_metrics([Path(path) for path in snakemake.input.metrics]),
        snakemake.params.runs,
        snakemake.params.models,
    )
    table.to_csv(snakemake.output.table, index=False)
    recorder.write(snakemake.output.provenance)
