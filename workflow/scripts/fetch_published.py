"""Rule fetch_published: get the images of a published set, from which cells are cut again."""

from pathlib import Path

from rbcflow.core.classes import CLASSES
from rbcflow.datasets.imported import import_set
from rbcflow.runtime import logs
from rbcflow.runtime.lineage import PUBLISHED
from rbcflow.runtime.provenance import Recorder
from rbcflow.sources import record

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake, origin=[PUBLISHED])
    params, files = snakemake.params, Path(snakemake.output.files)
    import_set(
        params.published["url"],
        params.published["folder"],
        files,
        images=params.published["images"],
        classes=len(CLASSES),
        known=Path(f"resources/published/{params.set}.fingerprint"),
    )
    source = snakemake.wildcards.source
    record.write(Path(snakemake.output.record), source=source, layout=params.layout, origin=PUBLISHED, folder=files)
    recorder.write(snakemake.output.provenance)
