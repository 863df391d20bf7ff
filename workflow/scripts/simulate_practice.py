"""Rule simulate_practice: pictures with the exact label of every cell, for the segmentation networks to learn from."""

from pathlib import Path

from rbcflow.runtime import logs
from rbcflow.runtime.lineage import PHANTOM
from rbcflow.runtime.provenance import Recorder
from rbcflow.segmentation.practice import write_practice

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake, origin=[PHANTOM])
    own = snakemake.params
    write_practice(Path(snakemake.output.practice), phantoms=own.phantoms, per_layout=own.per_layout, seed=own.seed)
    recorder.write(snakemake.output.provenance)
