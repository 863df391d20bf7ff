# report: the one page a reader opens, and the same provenance for machines.

from rbcflow.plan.report import TABLES


rule render_report:
    """The report, one self-contained page, and the results for machines: an RO-Crate and a CODECHECK manifest."""
    input:
        figures=PLAN.figures.all(),
        metrics=paths.counted(SETTINGS.evaluated),
        datasets=[paths.dataset(variant) for variant in SETTINGS.variants],
        banks=[paths.cells(bank) for bank in SETTINGS.banks],
        outlines=[paths.outlines(method) for method in PLAN.cells.scored],
        tables=[paths.table(name) for name in (*TABLES, *(["box_sizes"] if PLAN.datasets.ways else []))],
        errors=paths.errors(SETTINGS.runs),
        cards=[f"<results>/cards/{model}.md" for model in PLAN.models.evaluated],
        registry=CONFIG.tables.figures,
        citation="CITATION.cff",
        published="paper/published.yaml",
        published_items="paper/published_items.yaml",
        preprint="config/preprint.yaml",
        universal=sorted(os.path.relpath(file) for file in Path("resources/universal").glob("*.[cj]s*"))
        + ["config/universal.yaml", "config/universal/variants.yaml"],
        # relative, so that a project that was moved renders nothing anew
        templates=templates("report/templates"),
    output:
        report="<results>/report.html",
        codecheck="<results>/codecheck.yml",
        crate="<results>/ro-crate-metadata.json",
        workflow=directory("<results>/workflow"),
    log:
        "<logs>/render_report.log",
    benchmark:
        "<benchmarks>/render_report.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        mem_mb=growing(2000),
        runtime=growing(20),
    params:
        config={
            **PLAN.report.config(),
            # Snakemake lists the file that the others are laid over last
            "files": sorted(
                (Path(os.path.relpath(file)).as_posix() for file in workflow.configfiles),
                key=lambda file: file != "config/config.yaml",
            ),
        },
        sources=PLAN.report.sources(),
        runs=list(rows(SETTINGS.runs).values()),
        snakefile=os.path.relpath(SCRIPTS.parent.parent / "Snakefile"),
        run_with=config,
        source_fingerprint=source_fingerprint("render_report"),
    message:
        "Rendering the report"
    script:
        "../scripts/render_report.py"
