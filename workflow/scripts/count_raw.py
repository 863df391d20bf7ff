"""Rule count_raw: frames and crops by source, recording, class and flow condition."""

from pathlib import Path

from rbcflow import logs
from rbcflow.provenance import Recorder
from rbcflow.raw.counts import write_counts

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    records = [Path(file) for file in snakemake.input.records]
    sources = zip(snakemake.params.layouts, records, strict=True)
    write_counts({file.parent.name: (layout, file) for layout, file in sources}, Path(snakemake.output.table))
    recorder.write(snakemake.output.provenance)
