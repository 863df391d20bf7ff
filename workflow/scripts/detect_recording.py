"""Rule detect_recording: boxes on every frame of a recording, and what each frame looks like."""

from pathlib import Path

from rbcflow.core.tables import read_object
from rbcflow.recordings.detect import detect
from rbcflow.recordings.network import TRAINED_PX, load_finder
from rbcflow.runtime import logs

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    detector = snakemake.params.detector
    path = Path(detector["path"])
    side = detector["side"] or TRAINED_PX
    finder = load_finder(path, detector["sha256"], detector["classes"], side=side, threads=1, device="auto")
    detect(
        read_object(Path(snakemake.input.reading), "a recording's reading", ["n_frames"])
        | {"scale": snakemake.params.scale},
        finder,
        Path(snakemake.output.boxes),
        Path(snakemake.output.frames),
        detector=detector["name"],
        sha256=detector["sha256"],
        workers=snakemake.threads if finder.on_processor else 1,
    )
