"""Rule simulate_phantom: simulate recordings in a laboratory's own file formats, with exact truth beside them."""

from pathlib import Path

from rbcflow.runtime import logs
from rbcflow.runtime.lineage import PHANTOM
from rbcflow.runtime.provenance import Recorder
from rbcflow.sources import record
from rbcflow.sources.phantoms import PHANTOMS

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake, origin=[PHANTOM])
    source, files = snakemake.wildcards.source, Path(snakemake.output.files)
    layout, target = snakemake.params.layout, Path(snakemake.output.record)
    PHANTOMS[layout].write(files, seed=snakemake.params.seed, **snakemake.params.phantom)
    record.write(target, source=source, layout=layout, origin=PHANTOM, folder=files, exact_truth=True)
    recorder.write(snakemake.output.provenance)
