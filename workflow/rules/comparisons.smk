# over all runs: counted again by two libraries, compared with each other and with what the preprint says.


rule check_metrics:
    """Every run counted again by the libraries' own functions; a disagreement ends the DAG."""
    input:
        metrics=paths.counted(SETTINGS.evaluated, "metrics.json"),
        predictions=paths.predictions(SETTINGS.evaluated),
    output:
        table="<results>/tables/metric_checks.csv",
        provenance="<results>/tables/metric_checks.json",
    log:
        "<logs>/check_metrics.log",
    benchmark:
        "<benchmarks>/check_metrics.tsv"
    priority: PRIORITY["evaluate"]
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(3000),
        runtime=growing(120),
    params:
        runs=list(rows(SETTINGS.evaluated).values()),
        source_fingerprint=source_fingerprint("check_metrics"),
    message:
        "Counting every run again by the libraries' own functions"
    script:
        "../scripts/check_metrics.py"


rule compare_runs:
    """Intervals of headline numbers, and differences of models on the same frames."""
    input:
        metrics=paths.counted(SETTINGS.evaluated, "metrics.json"),
        errors=paths.counted(SETTINGS.evaluated, "errors.csv"),
        predictions=paths.predictions(SETTINGS.evaluated),
    output:
        headline="<results>/tables/headline.csv",
        comparisons="<results>/tables/comparisons.csv",
        provenance="<results>/tables/headline.json",
    log:
        "<logs>/compare_runs.log",
    benchmark:
        "<benchmarks>/compare_runs.tsv"
    priority: PRIORITY["evaluate"]
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        runs=list(rows(SETTINGS.evaluated).values()),
        conf=CONFIG.validation.conf,
        iou=CONFIG.validation.iou,
        resamples=CONFIG.validation.resamples,
        seed=CONFIG.seed,
        source_fingerprint=source_fingerprint("compare_runs"),
    message:
        "Resampling recordings, and comparing models on the same frames"
    script:
        "../scripts/compare_runs.py"


rule compare_sizes:
    """Every published run beside itself at the frames' own size."""
    input:
        metrics=paths.counted(SETTINGS.evaluated, "metrics.json"),
        headline="<results>/tables/headline.csv",
    output:
        table="<results>/tables/sizes.csv",
        provenance="<results>/tables/sizes.json",
    log:
        "<logs>/compare_sizes.log",
    benchmark:
        "<benchmarks>/compare_sizes.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        runs=list(rows(SETTINGS.evaluated).values()),
        source_fingerprint=source_fingerprint("compare_sizes"),
    message:
        "Putting every published run beside itself at another size"
    script:
        "../scripts/compare_sizes.py"


rule measure_looks:
    """Shape, colour and halo of every whole cell of the recorded test sets."""
    input:
        testsets=[paths.testset(testset) for testset in PLAN.testsets.recorded],
    output:
        table="<results>/tables/looks.csv",
        provenance="<results>/tables/looks.json",
    log:
        "<logs>/measure_looks.log",
    benchmark:
        "<benchmarks>/measure_looks.tsv"
    priority: PRIORITY["evaluate"]
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(60),
    params:
        source_fingerprint=source_fingerprint("measure_looks"),
    message:
        "Measuring shape, colour and halo of the cells in recordings"
    script:
        "../scripts/measure_looks.py"


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


rule validate_weights:
    """A checkpoint of your own on test sets (the key `given`): metrics, curves, errors and figures."""
    input:
        metrics=lambda wildcards: paths.counted(PLAN.runs.given()),
        figures=lambda wildcards: PLAN.figures.of_runs(PLAN.runs.given()),
    localrule: True
    conda:
        "../../environment.yml"
    resources:
        mem_mb=growing(500),
        runtime=growing(5),
    message:
        "Evaluated the checkpoint of the configuration's key `given`"
