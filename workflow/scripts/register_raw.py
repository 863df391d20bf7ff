"""Rule register_raw: check a laboratory's own files and keep their sha256 sums before anything is computed."""

from pathlib import Path

from rbcflow.phantom import truth
from rbcflow.runtime import logs
from rbcflow.runtime.lineage import of_source
from rbcflow.runtime.provenance import Recorder
from rbcflow.sources import manifest, record, seen, skipping

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    params, source, target = snakemake.params, snakemake.wildcards.source, Path(snakemake.output.record)
    origin = of_source("local", params.layout)
    recorder = Recorder.of_job(snakemake, origin=[origin])
    links = Path(snakemake.output.files)
    accepted = skipping.accept(params.layout, Path(params.folder), links, **params.reading_options)
    sums = manifest.check(accepted.listing, Path(params.manifest))
    skipping.remark_copies(accepted, sums)
    skipping.warn(source, accepted)
    if params.exact_truth:
        truth.check(links)
    record.write(
        target, source=source, layout=params.layout, origin=origin, folder=links, exact_truth=params.exact_truth,
        sums=accepted.sums(sums), **accepted.told,
    )  # fmt: skip
    recorder.write(snakemake.output.provenance)
    seen.keep(accepted.listing, sums, target.with_name(seen.NAME), params.listing)
