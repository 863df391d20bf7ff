"""Rule compare_universal: how well cells are found on each test set and under each of its conditions."""

from pathlib import Path

from rbcflow.metrics.conditions import Settings, table
from rbcflow.metrics.found import found_by
from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder, output = Recorder.of_job(snakemake), Path(snakemake.output.table)
    params = snakemake.params
    settings = Settings(params.conf, params.iou, params.resamples, params.seed)
    table(output.parents[1], params.runs, settings).to_csv(output, index=False, float_format="%.6g")
    found = found_by(output.parents[1], params.runs, settings)
    found.to_csv(snakemake.output.found, index=False, float_format="%.6g")
    recorder.write(snakemake.output.provenance)
