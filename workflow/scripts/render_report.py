"""Rule render_report: results/report.html, one self-contained page, and the results for machines."""

from pathlib import Path

from rbcflow.figures.registry import read_registry
from rbcflow.report.build import build
from rbcflow.report.codecheck import list_figures, write_codecheck
from rbcflow.report.crate import Workflow, write_crate
from rbcflow.runtime import logs

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    output, citation = Path(snakemake.output.report), Path(snakemake.input.citation)
    results, params = output.parent, snakemake.params
    registry = [entry.model_dump() for entry in read_registry(Path(snakemake.input.registry))]
    build(
        results,
        output,
        config=params.config,
        registry=registry,
        sources=params.sources,
        runs=params.runs,
        project=citation.parent,
    )
    figures = list_figures(results, registry, {row["run"]: row for row in params.runs})
    write_codecheck(results, figures, Path(snakemake.output.codecheck))
    tables = {name: Path(place) for name, place in params.config["tables"].items()}
    write_crate(results, figures, Workflow(Path(params.snakefile), citation, tables, params.run_with))
