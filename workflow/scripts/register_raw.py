"""Rule register_raw: check a laboratory's own files and keep their sha256 sums before anything is computed."""

from pathlib import Path

from rbcflow import logs
from rbcflow.provenance import Recorder
from rbcflow.raw import layouts, manifest, record

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake, origin=["raw"])
    folder = Path(snakemake.params.folder)
    layouts.check(snakemake.params.layout, folder)
    manifest.check(folder, Path(snakemake.params.manifest))
    record.write(Path(snakemake.output.record), source=snakemake.wildcards.source, origin="raw", folder=folder)
    recorder.write(snakemake.output.provenance)
