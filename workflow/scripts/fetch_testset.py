"""Rule fetch_testset: test images of a published set, or the reason why there are none."""

from pathlib import Path

from rbcflow.runtime import logs
from rbcflow.runtime.lineage import PUBLISHED
from rbcflow.runtime.provenance import Recorder
from rbcflow.testsets.published import build_published

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake, origin=[PUBLISHED])
    source, spec = snakemake.params.source, snakemake.params.spec
    build_published(
        {key: spec[key] for key in ("url", "folder", "images")},
        Path(snakemake.output.description).parent,
        name=snakemake.wildcards.testset,
        source=source,
        max_frames=spec["max_frames"],
        known=Path(f"resources/published/{source}-test.fingerprint"),
    )
    recorder.write(snakemake.output.provenance)
