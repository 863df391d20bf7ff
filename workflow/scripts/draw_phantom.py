"""Rule draw_phantom: draw recordings in a laboratory's own file formats, with exact truth beside them."""

from pathlib import Path

from rbcflow import logs
from rbcflow.phantom import kihm2018, liang2024, naples, nouaman2024
from rbcflow.provenance import Recorder
from rbcflow.raw import record

WRITERS = {
    "nouaman2024": nouaman2024.write,
    "naples": naples.write,
    "kihm2018": kihm2018.write,
    "liang2024": liang2024.write,
}

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake, origin=["phantom"])
    source, files = snakemake.wildcards.source, Path(snakemake.output.files)
    WRITERS[source](files, seed=snakemake.params.seed, **snakemake.params.phantom)
    record.write(Path(snakemake.output.record), source=source, origin="phantom", folder=files)
    recorder.write(snakemake.output.provenance)
