"""Rule fetch_weights: download a checkpoint of resources/weights.yaml and check its sha256 before anything opens it."""

from pathlib import Path

from rbcflow.detector.weights import fetch, read_weights
from rbcflow.runtime import logs
from rbcflow.runtime.board import bars

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    table = Path(snakemake.params.table)
    entry = read_weights(table)[snakemake.wildcards.weights]
    fetch(entry, Path(snakemake.output[0]), table, progress=bars())
