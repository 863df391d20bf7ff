"""Rule summarise_recordings: tables and figures over all recordings of a sheet."""

from pathlib import Path

from rbcflow.recordings.stage import summarise_recordings
from rbcflow.runtime import logs

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    output = Path(snakemake.output.summary).parent
    summarise_recordings([output / name for name in snakemake.params.recordings], output)
