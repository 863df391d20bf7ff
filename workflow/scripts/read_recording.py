"""Rule read_recording: what a pass over the frames of a recording says."""

import json
from pathlib import Path

from rbcflow.config.recordings import Recording
from rbcflow.recordings.probe import read_or_refuse
from rbcflow.recordings.sheet import SHEET_OF_ONE
from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake, origin=["raw"])
    # not a param: a sheet that was moved reads no recording anew
    sheet = snakemake.config.get("recordings") or SHEET_OF_ONE
    found = read_or_refuse(Recording(**snakemake.params.row), sheet)
    Path(snakemake.output.metadata).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    recorder.write(snakemake.output.provenance)
