"""Rule simulate_cells: a bank of cells from the phantom's cell model."""

from pathlib import Path

from rbcflow.cells.bank import write_bank
from rbcflow.cells.simulated import draw
from rbcflow.runtime import logs
from rbcflow.runtime.lineage import PHANTOM
from rbcflow.runtime.provenance import Recorder

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake, origin=[PHANTOM])
    cells = draw(snakemake.wildcards.bank, snakemake.params.per_class, snakemake.params.seed)
    write_bank(Path(snakemake.output.cells).parent, cells)
    recorder.write(snakemake.output.provenance)
