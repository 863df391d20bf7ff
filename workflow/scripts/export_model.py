"""Rule export_model: a model as ONNX, compared with PyTorch on test images."""

from pathlib import Path

from rbcflow.detector.export import export
from rbcflow.runtime import logs

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    listing = Path(snakemake.input.images)
    lines = listing.read_text(encoding="utf-8").splitlines()[: snakemake.params.images]
    export(
        Path(snakemake.input.weights),
        [listing.parent / line for line in lines],
        Path(snakemake.output.model),
        Path(snakemake.output.report),
        threads=snakemake.threads,
    )
