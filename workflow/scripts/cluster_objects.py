"""Rule cluster_objects: clusters of what the U-Net found, and which of them hold whole cells."""

from pathlib import Path

from rbcflow.cells.clusters import Pictures, write_clusters
from rbcflow.cells.cut import foreground_network
from rbcflow.cells.method_job import method_job, recorder_of
from rbcflow.cells.methods.unet import outline_with_probability
from rbcflow.runtime import logs
from rbcflow.sources import record

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = recorder_of(snakemake)
    source = record.read(Path(snakemake.input.record))
    pairs = []
    if source.status == "available":
        job = method_job(snakemake, source)
        pairs = outline_with_probability(job.frames, job.extraction, foreground_network(job.networks), job.options)
    pictures = Pictures()
    write_clusters(Path(snakemake.output.clusters), pictures.watching(pairs))
    pictures.write(Path(snakemake.output.pictures))
    recorder.write(snakemake.output.provenance)
