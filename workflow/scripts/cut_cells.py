"""Rule cut_cells: single cells of one source, by every method its layout takes; none where it is unavailable."""

from pathlib import Path

from rbcflow import logs
from rbcflow.cells.bank import write_bank
from rbcflow.cells.cut import cut_cells
from rbcflow.provenance import Recorder
from rbcflow.raw import layouts, record

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    recorder = Recorder.of_job(snakemake)
    source = record.read(Path(snakemake.input.record))
    cells = iter(())
    if source.status == "available":
        layouts.check(snakemake.params.layout, Path(source.folder))
        cells = cut_cells(snakemake.params.layout, source.source, Path(source.folder))
    write_bank(Path(snakemake.output.cells).parent, cells)
    recorder.write(snakemake.output.provenance)
