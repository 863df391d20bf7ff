"""Rule probe_recording: the facts of the sheet beside those of the recording's file."""

import json
from pathlib import Path

from rbcflow.config.recordings import Recording
from rbcflow.core.tables import read_object
from rbcflow.recordings.probe import described_or_refused
from rbcflow.recordings.sheet import SHEET_OF_ONE
from rbcflow.runtime import logs

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    metadata = read_object(Path(snakemake.input.metadata), "a recording's metadata", ["stated", "warnings"])
    # not a param: a sheet that was moved evaluates no recording anew
    sheet = snakemake.config.get("recordings") or SHEET_OF_ONE
    found = described_or_refused(Recording(**snakemake.params.row), metadata, sheet)
    Path(snakemake.output.probe).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
