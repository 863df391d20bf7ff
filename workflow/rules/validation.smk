# test sets, predictions and metrics: one prediction a run, computed once; everything counted from it and from the truth.

from rbcflow.plan.runs import testsets_of


rule build_testset:
    """Frames and true boxes of one test set, or the reason why there are none."""
    input:
        source=lambda wildcards: PLAN.testsets.source(wildcards.testset),
        cells=lambda wildcards: PLAN.testsets.cells(wildcards.testset),
        splits=lambda wildcards: PLAN.testsets.splits(wildcards.testset),
        annotations=lambda wildcards: PLAN.testsets.annotations(wildcards.testset),
    output:
        description="<results>/testsets/{testset}/testset.json",
        frames="<results>/testsets/{testset}/frames.csv",
        truth="<results>/testsets/{testset}/truth.csv",
        images=directory("<results>/testsets/{testset}/images"),
        provenance="<results>/testsets/{testset}/provenance.json",
    log:
        "<logs>/build_testset/{testset}.log",
    benchmark:
        "<benchmarks>/build_testset/{testset}.tsv"
    wildcard_constraints:
        testset=alternatives(name for name in PLAN.testsets.names if name not in PLAN.testsets.streamed),
    priority: PRIORITY["evaluate"]
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        spec=lambda wildcards: PLAN.testsets.spec(wildcards.testset, DISK),
        source_fingerprint=source_fingerprint("build_testset"),
    message:
        "Building the test set {wildcards.testset}"
    script:
        "../scripts/build_testset.py"


rule fetch_testset:
    """Test images of a published set, streamed out of the repository's archive, or the reason why there are none."""
    output:
        description="<results>/testsets/{testset}/testset.json",
        frames="<results>/testsets/{testset}/frames.csv",
        truth="<results>/testsets/{testset}/truth.csv",
        images=directory("<results>/testsets/{testset}/images"),
        provenance="<results>/testsets/{testset}/provenance.json",
    log:
        "<logs>/fetch_testset/{testset}.log",
    benchmark:
        "<benchmarks>/fetch_testset/{testset}.tsv"
    wildcard_constraints:
        testset=alternatives(PLAN.testsets.streamed),
    priority: PRIORITY["evaluate"]
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(120),
    params:
        spec=lambda wildcards: PLAN.testsets.spec(wildcards.testset, DISK),
        source=lambda wildcards: SETTINGS.testsets[wildcards.testset].source,
        source_fingerprint=source_fingerprint("fetch_testset"),
    message:
        "Fetching the published test images {wildcards.testset}"
    script:
        "../scripts/fetch_testset.py"


# To load the libraries and a network takes longer than to evaluate it on a test set, so a job takes all runs of a model.
for job, runs in PLAN.runs.runs_by_job.items():
    model = next(iter(runs.values())).model

    rule:
        """The boxes of one model on all its test sets, computed once."""
        name:
            f"predict_{job}"
        input:
            weights=f"{PLAN.models.folder(model)}/weights/best.pt",
            record=PLAN.models.record(model),
            testsets=testsets_of(runs),
        output:
            predictions=paths.predictions(runs),
            provenance=paths.predictions(runs, "json"),
        log:
            f"<logs>/predict_model/{job}.log",
        benchmark:
            f"<benchmarks>/predict_model/{job}.tsv"
        priority: PRIORITY["evaluate"]
        group:
            group_of(workflow, "predict_*")
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=growing(3000),
            runtime=growing(240),
            gpu=1,
        params:
            model=model,
            runs=[{**row.model_dump(), "scale": SETTINGS.scale(row.testset)} for row in runs.values()],
            clipped=CONFIG.validation.clip_boxes,
            source_fingerprint=source_fingerprint("predict_model"),
        message:
            f"Predicting the runs of {model}"
        script:
            "../scripts/predict_model.py"

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
