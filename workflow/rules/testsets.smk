# test sets: frames and true boxes a model is evaluated on.


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
