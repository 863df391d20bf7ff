"""Rule finetune_cellpose: go on training the network inside Cellpose on a laboratory's own polygons."""

from pathlib import Path

from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder
from rbcflow.segmentation.finetuning import finetune_cellpose
from rbcflow.sources import record

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    source = record.read(Path(snakemake.input.record))
    finetune_cellpose(
        source.layout,
        Path(source.folder),
        Path(snakemake.input.start),
        Path(snakemake.output.weights).parent,
        steps=snakemake.params.steps,
        seed=snakemake.params.seed,
        threads=snakemake.threads,
    )
    recorder.write(snakemake.output.provenance)
