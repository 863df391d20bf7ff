"""Rule pack_labels: frames of own recordings to correct, with the detector's boxes, as one archive."""

from pathlib import Path

from rbcflow.recordings.retraining import pack_labels
from rbcflow.runtime import logs

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    archive = Path(snakemake.output.archive)
    table = pack_labels([archive.parent / name for name in snakemake.params.recordings], archive)
    table.to_csv(snakemake.output.frames, index=False)
