"""Rule collect_dataset: make one dataset of its shards, with image lists, metadata and fingerprint."""

from pathlib import Path

from rbcflow.datasets.dataset import collect
from rbcflow.datasets.spec import VariantSpec
from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    collect(
        VariantSpec.from_dict({"name": snakemake.wildcards.variant, **snakemake.params.compose}),
        shards={split: [Path(shard) for shard in snakemake.input[split]] for split in ("train", "val", "test")},
        folder=Path(snakemake.output.yaml).parent,
        generated=snakemake.params.dataset == "generated",
    )
    recorder.write(snakemake.output.provenance)
