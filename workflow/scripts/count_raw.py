"""Rule count_raw: frames and crops by source, recording, class and flow condition."""

from pathlib import Path

from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder
from rbcflow.sources import record
from rbcflow.sources.counts import write_counts

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    write_counts([record.read(Path(file)) for file in snakemake.input.records], Path(snakemake.output.table))
    recorder.write(snakemake.output.provenance)
