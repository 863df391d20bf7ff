"""Rule write_crate: provenance of all figures as an RO-Crate and as a CODECHECK manifest."""

from pathlib import Path

from rbcflow.report.crate import write_codecheck, write_crate
from rbcflow.runtime import logs

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    crate = Path(snakemake.output.crate)
    shown = crate.parent, snakemake.params.registry, {row["run"]: row for row in snakemake.params.runs}
    write_crate(*shown, Path(snakemake.input.citation), crate)
    write_codecheck(*shown, Path(snakemake.output.codecheck))
