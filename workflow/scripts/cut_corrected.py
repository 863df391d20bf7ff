"""Rule cut_corrected: what a retraining learns from and is evaluated by, from corrected labels of own recordings."""

from pathlib import Path

from rbcflow.recordings.retraining import cut_corrected
from rbcflow.runtime import logs

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    cut_corrected(
        [Path(probe).parent for probe in snakemake.input.probes],
        Path(snakemake.params.corrected).expanduser(),
        Path(snakemake.input.shard),
        Path(snakemake.output.data),
        side=snakemake.params.side,
        variant=snakemake.params.variant,
    )
