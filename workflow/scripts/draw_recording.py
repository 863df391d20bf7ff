"""Rule draw_recording: a recording's boxes over consecutive frames, and its kymograph."""

from pathlib import Path

from rbcflow.recordings.stage import draw_recording
from rbcflow.runtime import logs

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    folder = Path(snakemake.output[0]).parent
    draw_recording(folder)
