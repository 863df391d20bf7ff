"""Rule retrain: say whether the retrained detector is kept, with both numbers, and where its card lies."""

from pathlib import Path

from rbcflow.recordings.retraining import told_retraining
from rbcflow.runtime import logs

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    print(told_retraining(Path(snakemake.input.record)))
