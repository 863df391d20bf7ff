"""Rule evaluate_recording: measure the cells of a recording, and say whether it may be used."""

from pathlib import Path

from rbcflow.recordings.stage import evaluate_recording
from rbcflow.runtime import logs

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    folder = Path(snakemake.output[0]).parent
    evaluate_recording(folder, alone=snakemake.params.alone)
