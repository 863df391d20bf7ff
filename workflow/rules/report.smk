# report: the one page a reader opens.


rule render_report:
    input:
        figures=all_figures(),
        metrics=[f"<results>/validation/{run}/metrics.json" for run in SETTINGS.runs],
        datasets=[f"<results>/datasets/{variant}/fingerprint.txt" for variant in SETTINGS.variants],
        banks=[f"<results>/cells/{bank}/cells.csv" for bank in SETTINGS.banks],
        outlines=[f"<results>/outlines/{name}/summary.json" for name in scored_paths()],
        tables=[f"<results>/tables/{name}.csv" for name in ("leakage", "fingerprints", "published_counts")],
        cards=[f"<results>/cards/{model}.md" for model in KEYS["model"]],
        registry=CONFIG.tables.figures,
        citation="CITATION.cff",
        templates=sorted(file for file in (SCRIPTS / "rbcflow/report/templates").rglob("*") if file.is_file()),
    output:
        report="<results>/report.html",
    log:
        "<logs>/render_report.log",
    benchmark:
        "<benchmarks>/render_report.tsv"
    conda:
        "../../environment.yml"
    threads: 2
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        config=report_config(),
        sources={name: {**row, "origin": SETTINGS.origin(name)} for name, row in _rows(SETTINGS.sources).items()},
        runs=list(_rows(SETTINGS.runs).values()),
        code=code("render_report"),
    message:
        "Rendering the report"
    script:
        "../scripts/render_report.py"
