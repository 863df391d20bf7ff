"""Rule train_unet: the network that tells foreground, learned from practice pictures."""

from pathlib import Path

from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder
from rbcflow.segmentation.unet import train_unet

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    train_unet(
        Path(snakemake.input.practice),
        Path(snakemake.output.weights).parent,
        steps=snakemake.params.steps,
        seed=snakemake.params.seed,
        threads=snakemake.threads,
    )
    recorder.write(snakemake.output.provenance)
