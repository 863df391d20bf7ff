"""Rule measure_boxes: sizes of boxes by class, as a variant is meant and as the preprint made it."""

from pathlib import Path

from rbcflow.datasets.measured import write_sizes
from rbcflow.runtime import logs
from rbcflow.runtime.provenance import Recorder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    places = {
        variant: ([Path(folder) for folder in banks], Path(splits))
        for variant, (banks, splits) in snakemake.params.places.items()
    }
    write_sizes(
        snakemake.params.ways,
        places,
        published=snakemake.params.published,
        seed=snakemake.params.seed,
        output=Path(snakemake.output.table),
    )
    recorder.write(snakemake.output.provenance)
