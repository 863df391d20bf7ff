# claims: what the preprint says and prints, held against what was counted.

from rbcflow.config.checks import read_counts


rule compare_published:
    """Counts the preprint states beside those of this run."""
    input:
        raw="<results>/tables/raw_counts.csv",
        clusters=[paths.clusters(bank) for bank in PLAN.cells.clustered],
        held_out=[paths.splits("paper", bank) for bank in PLAN.testsets.held_out(PLAN.possible)],
        banks=[paths.cells(bank) for bank in SETTINGS.banks],
        fingerprints=[paths.dataset(variant) for variant in SETTINGS.variants],
    output:
        table="<results>/tables/published_counts.csv",
        provenance="<results>/tables/published_counts.json",
    log:
        "<logs>/compare_published.log",
    benchmark:
        "<benchmarks>/compare_published.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        counts=read_counts(Path("paper/published.yaml")),
        source_fingerprint=source_fingerprint("compare_published"),
    message:
        "Comparing counts with the published ones"
    script:
        "../scripts/compare_published.py"


rule evaluate_claims:
    """Every sentence and printed value of the preprint with a verdict."""
    input:
        claims="paper/claims.yaml",
        published="paper/published.yaml",
        headline="<results>/tables/headline.csv",
        comparisons="<results>/tables/comparisons.csv",
        checks="<results>/tables/metric_checks.csv",
        counts="<results>/tables/published_counts.csv",
        looks="<results>/tables/looks.csv",
        seeds="<results>/tables/seeds.csv",
        trainings=[PLAN.models.record(model) for model in PLAN.models.evaluated],
        metrics=paths.counted(SETTINGS.evaluated, "metrics.json"),
        errors=paths.counted(SETTINGS.evaluated, "errors.csv"),
        predictions=paths.predictions(SETTINGS.evaluated),
    output:
        table="<results>/tables/claims.csv",
        provenance="<results>/tables/claims.json",
    log:
        "<logs>/evaluate_claims.log",
    benchmark:
        "<benchmarks>/evaluate_claims.tsv"
    priority: PRIORITY["evaluate"]
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        runs=list(rows(SETTINGS.evaluated).values()),
        labels=SETTINGS.labels,
        models={name: model.published_as for name, model in SETTINGS.models.items() if model.published_as},
        images={name: PLAN.datasets.image_count(PLAN.models.variant(name), "train") for name in PLAN.models.evaluated},
        conf=CONFIG.validation.conf,
        iou=CONFIG.validation.iou,
        resamples=CONFIG.validation.resamples,
        seed=CONFIG.seed,
        source_fingerprint=source_fingerprint("evaluate_claims"),
    message:
        "Evaluating every claim and printed value of the preprint"
    script:
        "../scripts/evaluate_claims.py"
