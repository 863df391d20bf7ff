# test sets, predictions and metrics: one prediction a run, computed once; everything counted from it and from the truth.


rule build_testset:
    """Frames and true boxes of one test set, or the reason why there are none."""
    input:
        source=testset_source,
        cells=testset_cells,
        annotations="resources/annotations/flow_public.csv",
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
    priority: PRIORITY["judge"]
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        spec=testset_params,
        code=code("build_testset"),
    message:
        "Building the test set {wildcards.testset}"
    script:
        "../scripts/build_testset.py"


# To load the libraries and a network takes longer than to judge it on a test set, so a job takes all runs of a model.
for job, runs in RUNS_OF.items():
    model = next(iter(runs.values())).model

    rule:
        """The boxes of one model on all its test sets, computed once."""
        name:
            f"predict_{job}"
        input:
            weights=f"{model_folder(model)}/weights/best.pt",
            record=f"{model_folder(model)}/training.json",
            testsets=testsets_of(runs),
        output:
            predictions=[f"<results>/predictions/{run}.parquet" for run in runs],
            provenance=[f"<results>/predictions/{run}.json" for run in runs],
        log:
            f"<logs>/predict_model/{job}.log",
        benchmark:
            f"<benchmarks>/predict_model/{job}.tsv"
        priority: PRIORITY["judge"]
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
            code=code("predict_model"),
        message:
            f"Predicting the runs of {model}"
        script:
            "../scripts/predict_model.py"

    rule:
        """Count everything from the predictions of a model's runs and the truth."""
        name:
            f"evaluate_{job}"
        input:
            predictions=[f"<results>/predictions/{run}.parquet" for run in runs],
            record=f"{model_folder(model)}/training.json",
            testsets=testsets_of(runs),
        output:
            metrics=counted_in(runs, "metrics.json"),
            matrix=counted_in(runs, "confusion_matrix.csv"),
            curves=counted_in(runs, "curves.csv"),
            matches=counted_in(runs, "matches.csv"),
            errors=counted_in(runs, "errors.csv"),
            groups=counted_in(runs, "groups.csv"),
            calibration=counted_in(runs, "calibration.csv"),
            provenance=counted_in(runs, "provenance.json"),
        log:
            f"<logs>/evaluate_model/{job}.log",
        benchmark:
            f"<benchmarks>/evaluate_model/{job}.tsv"
        priority: PRIORITY["judge"]
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
            code=code("evaluate_model"),
        message:
            f"Counting hits, misses and false alarms of {model}"
        script:
            "../scripts/evaluate_model.py"


for job, runs in SHOWN_RUNS_OF.items():

    rule:
        """The worst errors of a model's runs, cut out of their frames."""
        name:
            f"collect_errors_{job}"
        input:
            errors=counted_in(runs, "errors.csv"),
            predictions=[f"<results>/predictions/{run}.parquet" for run in runs],
            testsets=testsets_of(runs),
        output:
            tables=[f"<results>/errors/{run}/errors.csv" for run in runs],
            tiles=[f"<results>/errors/{run}/tiles.png" for run in runs],
            provenance=[f"<results>/errors/{run}/provenance.json" for run in runs],
        log:
            f"<logs>/collect_errors/{job}.log",
        benchmark:
            f"<benchmarks>/collect_errors/{job}.tsv"
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=growing(2000),
            runtime=growing(30),
        params:
            model=next(iter(runs.values())).model,
            runs=[row.model_dump() for row in runs.values()],
            code=code("collect_errors"),
        message:
            f"Cutting out the worst errors of the runs of {job}"
        script:
            "../scripts/collect_errors.py"
