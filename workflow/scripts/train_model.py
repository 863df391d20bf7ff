"""Rule train_model: train one detector; a training that was cut off goes on from its last epoch."""

import sys
from pathlib import Path

from rbcflow import logs
from rbcflow.provenance import Recorder
from rbcflow.training.train import train

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    settings = dict(snakemake.params.training)
    start = snakemake.params.start
    train(
        Path(snakemake.input.yaml),
        Path(snakemake.output.record).parent,
        architecture=settings["architecture"],
        weights=Path(start["path"]) if start else None,
        weights_sha256=start["sha256"] if start else None,
        epochs=settings["epochs"],
        batch=settings["batch"],
        imgsz=settings["imgsz"],
        seed=int(snakemake.wildcards.seed),
        threads=snakemake.threads,
        device=settings["device"],
        precision=settings["precision"],
        data_fingerprint=Path(snakemake.input.fingerprint).read_text(encoding="utf-8").strip(),
        overrides=settings["overrides"],
        classes=snakemake.params.classes,
        progress=sys.stderr.isatty(),
    )
    recorder.write(snakemake.output.provenance)
