"""Rule cut_cells: the single cells of one bank, by every method it names; none where its source is unavailable."""

from pathlib import Path

from rbcflow.cells.bank import write_bank
from rbcflow.cells.cut import cut_cells
from rbcflow.cells.method_job import method_job, recorder_of
from rbcflow.runtime import logs
from rbcflow.sources import record

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = recorder_of(snakemake)
    source = record.read(Path(snakemake.input.record))
    cells = iter(())
    if source.status == "available":
        cells = cut_cells(snakemake.params.methods, method_job(snakemake, source))
    write_bank(Path(snakemake.output.cells).parent, cells, snakemake.wildcards.bank)
    recorder.write(snakemake.output.provenance)
