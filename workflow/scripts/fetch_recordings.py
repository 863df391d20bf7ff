"""Rule fetch_recordings: get public recordings through the user's package index, or record why there are none."""

import logging
import sys
from pathlib import Path

from rbcflow.laboratories.flow_public import reader as flow_public
from rbcflow.runtime import logs
from rbcflow.runtime.lineage import PUBLIC
from rbcflow.runtime.provenance import Recorder
from rbcflow.sources import record

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake, origin=[PUBLIC])
    source, files = snakemake.wildcards.source, Path(snakemake.output.files)
    files.mkdir(parents=True, exist_ok=True)
    reason = None
    try:
        flow_public.fetch(files, sys.executable)
    except flow_public.Unavailable as error:
        reason = f"{error} To try again: snakemake --cores all --forcerun fetch_recordings"
        logging.getLogger("rbcflow").warning("%s is unavailable: %s", source, reason)
        print(f"\nThe test set from {source} will be missing: {reason}\n", file=sys.stderr)
    target, layout = Path(snakemake.output.record), flow_public.LAYOUT
    record.write(target, source=source, layout=layout, origin=PUBLIC, folder=files, reason=reason)
    recorder.write(snakemake.output.provenance)
