# test sets, predictions and metrics: one prediction a run, computed once; everything counted from it and from the truth.


rule build_testset:
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


rule predict_run:
    input:
        weights=run_weights,
        record=lambda wildcards: f"{model_folder(SETTINGS.runs[wildcards.run].model)}/training.json",
        testset=run_testset,
    output:
        predictions="<results>/predictions/{run}.parquet",
        provenance="<results>/predictions/{run}.json",
    log:
        "<logs>/predict_run/{run}.log",
    benchmark:
        "<benchmarks>/predict_run/{run}.tsv"
    priority: PRIORITY["judge"]
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(3000),
        runtime=growing(120),
        gpu=1,
    params:
        run=lambda wildcards: SETTINGS.runs[wildcards.run].model_dump(),
        scale=lambda wildcards: SETTINGS.scale(SETTINGS.runs[wildcards.run].testset),
        code=code("predict_run"),
    message:
        "Predicting {wildcards.run}"
    script:
        "../scripts/predict_run.py"


rule evaluate_run:
    input:
        predictions="<results>/predictions/{run}.parquet",
        testset=run_testset,
    output:
        metrics="<results>/validation/{run}/metrics.json",
        matrix="<results>/validation/{run}/confusion_matrix.csv",
        curves="<results>/validation/{run}/curves.csv",
        matches="<results>/validation/{run}/matches.csv",
        errors="<results>/validation/{run}/errors.csv",
        groups="<results>/validation/{run}/groups.csv",
        calibration="<results>/validation/{run}/calibration.csv",
        provenance="<results>/validation/{run}/provenance.json",
    log:
        "<logs>/evaluate_run/{run}.log",
    benchmark:
        "<benchmarks>/evaluate_run/{run}.tsv"
    priority: PRIORITY["judge"]
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        run=lambda wildcards: SETTINGS.runs[wildcards.run].model_dump(),
        conf=CONFIG.validation.conf,
        iou=CONFIG.validation.iou,
        code=code("evaluate_run"),
    message:
        "Counting hits, misses and false alarms of {wildcards.run}"
    script:
        "../scripts/evaluate_run.py"


rule collect_errors:
    input:
        errors="<results>/validation/{run}/errors.csv",
        predictions="<results>/predictions/{run}.parquet",
        testset=run_testset,
    output:
        table="<results>/errors/{run}/errors.csv",
        tiles="<results>/errors/{run}/tiles.png",
        provenance="<results>/errors/{run}/provenance.json",
    log:
        "<logs>/collect_errors/{run}.log",
    benchmark:
        "<benchmarks>/collect_errors/{run}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        code=code("collect_errors"),
    message:
        "Cutting out the worst errors of {wildcards.run}"
    script:
        "../scripts/collect_errors.py"
