# metrics: everything counted from predictions and truth, run by run and over all runs.

from rbcflow.plan.runs import testsets_of

for job, runs in PLAN.runs.runs_by_job.items():
    model = next(iter(runs.values())).model

    rule:
        """Count everything from the predictions of a model's runs and the truth."""
        name:
            f"evaluate_{job}"
        input:
            predictions=paths.predictions(runs),
            record=PLAN.models.record(model),
            testsets=testsets_of(runs),
        output:
            metrics=paths.counted(runs, "metrics.json"),
            matrix=paths.counted(runs, "confusion_matrix.csv"),
            curves=paths.counted(runs, "curves.csv"),
            matches=paths.counted(runs, "matches.csv"),
            errors=paths.counted(runs, "errors.csv"),
            groups=paths.counted(runs, "groups.csv"),
            calibration=paths.counted(runs, "calibration.csv"),
            provenance=paths.counted(runs, "provenance.json"),
        log:
            f"<logs>/evaluate_model/{job}.log",
        benchmark:
            f"<benchmarks>/evaluate_model/{job}.tsv"
        priority: PRIORITY["evaluate"]
        group:
            group_of(workflow, "evaluate_*")
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=growing(2000),
            runtime=growing(120),
        params:
            model=model,
            runs=[row.model_dump() for row in runs.values()],
            conf=CONFIG.validation.conf,
            iou=CONFIG.validation.iou,
            source_fingerprint=source_fingerprint("evaluate_model"),
        message:
            f"Counting hits, misses and false positives of {model}"
        script:
            "../scripts/evaluate_model.py"


for job, runs in PLAN.runs.shown.items():

    rule:
        """The worst errors of a model's runs, cut out of their frames."""
        name:
            f"collect_errors_{job}"
        input:
            errors=paths.counted(runs, "errors.csv"),
            predictions=paths.predictions(runs),
            testsets=testsets_of(runs),
        output:
            tables=paths.errors(runs),
            tiles=paths.errors(runs, "tiles.png"),
            provenance=paths.errors(runs, "provenance.json"),
        log:
            f"<logs>/collect_errors/{job}.log",
        benchmark:
            f"<benchmarks>/collect_errors/{job}.tsv"
        group:
            group_of(workflow, "collect_errors_*")
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=growing(2000),
            runtime=growing(30),
        params:
            model=next(iter(runs.values())).model,
            runs=[row.model_dump() for row in runs.values()],
            source_fingerprint=source_fingerprint("collect_errors"),
        message:
            f"Cutting out the worst errors of the runs of {job}"
        script:
            "../scripts/collect_errors.py"


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
