"""Rule compose_shard: cut-and-paste images with labels, one shard of a variant's split."""

from pathlib import Path

from rbcflow.datasets.dataset import write_shard
from rbcflow.datasets.spec import VariantSpec
from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    shard = Path(snakemake.output.shard)
    write_shard(
        VariantSpec.from_dict({"name": snakemake.wildcards.variant, **snakemake.params.compose}),
        split=snakemake.wildcards.split,
        indices=range(*snakemake.params.indices),
        seed=snakemake.params.seed,
        banks=[Path(table).parent for table in snakemake.input.banks],
        splits=Path(snakemake.input.splits),
        folder=shard,
    )
    recorder.write(shard / "provenance.json")
