"""Rule compare_sizes: every published run beside itself at the frames' own size."""

import json
from pathlib import Path

import pandas as pd

from rbcflow.metrics.sizes import compare_sizes
from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    files = [Path(file) for file in snakemake.input.metrics]
    metrics = {file.parent.name: json.loads(file.read_text(encoding="utf-8")) for file in files}
    table = compare_sizes(snakemake.params.runs, metrics, pd.read_csv(snakemake.input.headline))
    table.to_csv(snakemake.output.table, index=False, float_format="%.6g")
    recorder.write(snakemake.output.provenance)
