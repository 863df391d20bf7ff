"""Rule link_recording: follow the cells of a recording."""

from pathlib import Path

from rbcflow.recordings.stage import link_recording
from rbcflow.runtime import logs

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    folder = Path(snakemake.output[0]).parent
    link_recording(folder)
