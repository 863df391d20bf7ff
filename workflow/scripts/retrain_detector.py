"""Rule retrain_detector: the named detector trained on; a training that was cut off goes on from its last epoch."""

from pathlib import Path

from rbcflow.core.tables import read_object
from rbcflow.detector.setup import import_ultralytics
from rbcflow.detector.weights import load_verified
from rbcflow.recordings import retrain
from rbcflow.runtime import logs
from rbcflow.runtime.board import bars
from rbcflow.runtime.lineage import PHANTOM, RAW
from rbcflow.training.train import train

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    data, detector = Path(snakemake.input.data), snakemake.params.detector
    folder, start = Path(snakemake.output.record).parent, Path(detector["path"])
    described = read_object(data / "blocks.json", "the blocks of a retraining", ["parts", "project"])
    import_ultralytics(folder / "work" / "ultralytics")
    # the network's own description: no other fits its weights
    architecture = Path(load_verified(start, detector["sha256"]).yaml["yaml_file"]).name
    train(
        data / "data.yaml",
        folder,
        architecture=architecture,
        weights=start,
        weights_sha256=detector["sha256"],
        epochs=retrain.epochs(described["parts"]["train"] + described["project"]["images"]),
        batch=16,
        imgsz=retrain.SIDE,
        seed=snakemake.params.seed,
        threads=snakemake.threads,
        device=snakemake.params.device,
        precision=snakemake.params.precision,
        data_fingerprint=(data / "fingerprint.txt").read_text(encoding="utf-8").strip(),
        overrides=retrain.OVERRIDES,
        learned_from=[PHANTOM, RAW],
        remarks=[f"The training started from the detector {detector['name']}."],
        progress=bars(),
    )
