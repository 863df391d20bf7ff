"""Rule compare_runs: intervals of headline numbers, and differences of models on the same frames."""

import json
from pathlib import Path

from rbcflow.metrics.intervals import compare, same_frames
from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    same_frames({path: json.loads(Path(path).read_text(encoding="utf-8")) for path in snakemake.input.metrics})
    headline, comparisons = compare(
        snakemake.params.runs,
        Path(snakemake.output.headline).parents[1],
        conf=snakemake.params.conf,
        iou=snakemake.params.iou,
        resamples=snakemake.params.resamples,
        seed=snakemake.params.seed,
    )
    headline.to_csv(snakemake.output.headline, index=False, float_format="%.6g")
    comparisons.to_csv(snakemake.output.comparisons, index=False, float_format="%.6g")
    recorder.write(snakemake.output.provenance)
