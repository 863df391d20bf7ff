"""Rule register_raw: check a laboratory's own files and keep their sha256 sums before anything is computed."""

from pathlib import Path

from rbcflow.phantom import truth
from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder, of_source
from rbcflow.sources import manifest, record, skipping

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    origin = of_source("path", snakemake.params.layout)
    recorder = Recorder.of_job(snakemake, origin=[origin])
    params, source, target = snakemake.params, snakemake.wildcards.source, Path(snakemake.output.record)
    folder, skipped = skipping.accept(params.layout, Path(params.folder), target.parent / "files", params.bad_files)
    skipping.warn(source, skipped)
    manifest.check(Path(params.folder), Path(params.manifest))
    if params.exact_truth:
        truth.check(folder)
    record.write(
        target, source=source, layout=params.layout, origin=origin, folder=folder, exact_truth=params.exact_truth,
        skipped=skipped,
    )  # fmt: skip
    recorder.write(snakemake.output.provenance)
