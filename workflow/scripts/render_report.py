"""Rule render_report: results/report.html, one self-contained page."""

from pathlib import Path

from rbcflow.core.yamlfile import parse_yaml
from rbcflow.report.build import build
from rbcflow.runtime import logs

if __name__ == "__main__":
    logs.configure(snakemake.log[0])
    output = Path(snakemake.output.report)
    build(
        output.parent,
        output,
        config=snakemake.params.config,
        registry=parse_yaml(Path(snakemake.input.registry), "the registry of figures"),
        sources=snakemake.params.sources,
        runs=snakemake.params.runs,
        project=Path(snakemake.input.citation).parent,
    )
