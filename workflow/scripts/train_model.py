"""Rule train_model: train one detector; a training that was cut off goes on from its last epoch."""

from pathlib import Path

from rbcflow.runtime import logs
from rbcflow.runtime.board import bars
from rbcflow.runtime.lineage import PHANTOM, STARTED, origins_of, remarks_of
from rbcflow.runtime.provenance import Recorder
from rbcflow.training.train import train

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    settings, data = dict(snakemake.params.training), Path(snakemake.input.yaml)
    start = snakemake.params.start
    remarks = [STARTED] if start and start["learned_from"] == PHANTOM else []
    recorder = Recorder.of_job(snakemake, remarks=remarks)
    train(
        data,
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
        average=settings["average"],
        classes=snakemake.params.classes,
        learned_from=origins_of([data]),
        remarks=[*remarks_of([data]), *remarks],
        progress=bars(),
    )
    recorder.write(snakemake.output.provenance)
