"""Rule link_recording: follow the cells of a recording."""

from pathlib import Path

from rbcflow import logs
from rbcflow.recordings.stage import link_recording

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    folder = Path(snakemake.output[0]).parent
    link_recording(folder)
