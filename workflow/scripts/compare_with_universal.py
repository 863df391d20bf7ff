"""Rule compare_with_universal: the preprint's detectors of this run beside the shipped universal one."""

from pathlib import Path

import pandas as pd

from rbcflow.metrics.beside import beside_universal
from rbcflow.metrics.conditions import Settings
from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder, output = Recorder.of_job(snakemake), Path(snakemake.output.table)
    params, shipped = snakemake.params, pd.read_csv(snakemake.input.shipped, keep_default_na=False, na_values=[""])
    settings = Settings(params.conf, params.iou, params.resamples, params.seed)
    made = beside_universal(output.parents[1], params.runs, shipped.fillna({"clusters": ""}), settings, params.testsets)
    made.to_csv(output, index=False, float_format="%.6g")
    recorder.write(snakemake.output.provenance)
