"""Rule verify_training: train a small model twice and report the largest difference between the weights."""

import logging
import sys
from pathlib import Path

from rbcflow.runtime import logs
from rbcflow.training.verify import verify_training

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    settings = dict(snakemake.params.training)
    result = verify_training(
        Path(snakemake.input.yaml),
        Path(snakemake.output.report),
        images=dict(snakemake.params.images),
        **{name: settings[name] for name in ("architecture", "batch", "imgsz", "device", "precision", "overrides")},
        epochs=snakemake.params.epochs,
        weights=None,
        weights_sha256=None,
        seed=0,
        threads=snakemake.threads,
        data_fingerprint=Path(snakemake.input.fingerprint).read_text(encoding="utf-8").strip(),
    )
    said = f"largest difference between {result['tensors']} tensors of two trainings: {result['largest_difference']:g}"
    logging.getLogger("rbcflow").info(said)
    print(said, file=sys.stderr)
