"""Rule labels: say what is to be corrected and where it lies."""

from pathlib import Path

from rbcflow.core.tables import read_csv
from rbcflow.recordings.retraining import told_labels
from rbcflow.runtime import logs

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    table = read_csv(Path(snakemake.input.frames), "the frames to correct", ["recording", "reason"])
    print(told_labels(table, snakemake.input.archive))
