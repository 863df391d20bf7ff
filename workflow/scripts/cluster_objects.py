"""Rule cluster_objects: clusters of what the U-Net found, and which of them hold whole cells."""

from pathlib import Path

from rbcflow import logs
from rbcflow.cells.clusters import write_clusters
from rbcflow.cells.cut import PATHS
from rbcflow.jobs import path_job
from rbcflow.provenance import Recorder
from rbcflow.raw import record

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    source = record.read(Path(snakemake.input.record))
    outlined = PATHS["unet"](path_job(snakemake, source)) if source.status == "available" else iter(())
    write_clusters(Path(snakemake.output.clusters), outlined)
    recorder.write(snakemake.output.provenance)
