"""Rule detect_recording: boxes on every frame of a recording, and what each frame looks like."""

from pathlib import Path

from rbcflow.core.tables import read_object
from rbcflow.detector.fitting import Learned
from rbcflow.detector.weights import training_record
from rbcflow.recordings.detect import detect, detect_nothing
from rbcflow.recordings.gauge import read_gauge
from rbcflow.recordings.network import load_finder
from rbcflow.runtime import logs

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    detector = snakemake.params.detector
    path = Path(detector["path"])
    metadata = read_object(Path(snakemake.input.metadata), "a recording's metadata", ["n_frames", "refused"])
    tables = Path(snakemake.output.boxes), Path(snakemake.output.frames)
    named = {"detector": detector["name"], "sha256": detector["sha256"]}
    if metadata["refused"]:
        detect_nothing(metadata, *tables, **named)
        raise SystemExit
    record = training_record(path, detector["sha256"])
    learned = Learned(**detector["learned"])
    finder = load_finder(path, detector["sha256"], detector["classes"], learned=learned, threads=1, device="auto")
    workers = snakemake.threads if finder.on_processor else 1
    pixel = snakemake.params.pixel_um or metadata["stated"].get("pixel_um")
    found = metadata | {"scale": snakemake.params.scale, "pixel_um": pixel}
    gauge = read_gauge(path, detector["sha256"], record, learned.side)
    detect(found, finder, *tables, **named, looks=record.get("looks"), gauge=gauge, workers=workers)
