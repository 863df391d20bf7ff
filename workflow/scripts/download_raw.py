"""Rule download_raw: get a source's files as a zip from its address, unpack what fits the layout, check and record."""

from pathlib import Path
from tempfile import TemporaryDirectory

from rbcflow.runtime import logs
from rbcflow.runtime.download import download
from rbcflow.runtime.lineage import RAW
from rbcflow.runtime.provenance import Recorder
from rbcflow.sources import archive, layouts, manifest, record, skipping

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake, origin=[RAW])
    params, source, files = snakemake.params, snakemake.wildcards.source, Path(snakemake.output.files)
    instead = (
        f"without a connection, unpack the file into {params.folder}/ and set `access: local` for {source}, "
        "or `origin: phantom`"
    )
    place = getattr(layouts.READERS[params.layout], "place_in_archive", lambda member: member)
    with TemporaryDirectory() as scratch:
        zip_file = Path(scratch) / "download.zip"
        download(params.url, zip_file, expected=f"a zip file; {instead}", sha256=params.sha256)
        archive.unpack(zip_file, files, place=place, instead=instead)
    accepted = skipping.accept(params.layout, files, files.with_name("good"), **params.reading_options)
    skipping.warn(source, accepted)
    sums = manifest.check(accepted.listing, Path(params.manifest))
    record.write(
        Path(snakemake.output.record), source=source, layout=params.layout, origin=RAW, folder=files.with_name("good"),
        sums=accepted.sums(sums), **accepted.told,
    )  # fmt: skip
    recorder.write(snakemake.output.provenance)
