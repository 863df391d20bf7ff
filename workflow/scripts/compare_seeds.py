"""Rule compare_seeds: what each variant is worth over its seeds, beside one of them."""

import pandas as pd

from rbcflow.metrics.conditions import over_seeds
from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder, counted = Recorder.of_job(snakemake), pd.read_csv(snakemake.input.conditions)
    made = over_seeds(counted, snakemake.params.variants, snakemake.wildcards.reference)
    made.to_csv(snakemake.output.table, index=False, float_format="%.6g")
    recorder.write(snakemake.output.provenance)
