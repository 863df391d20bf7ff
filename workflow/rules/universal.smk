# `make universal`: the detector for recordings nobody trained it on, beside the starter, and what both are worth; apart from the report.

from rbcflow.plan.runs import BESIDE


rule compare_universal:
    """How well cells are found on each test set and under each of its conditions."""
    input:
        predictions=paths.predictions(SETTINGS.runs),
        testsets=testsets_of(SETTINGS.runs),
    output:
        table="<results>/tables/conditions.csv",
        found="<results>/tables/found.csv",
        provenance="<results>/tables/conditions.json",
    log:
        "<logs>/compare_universal.log",
    benchmark:
        "<benchmarks>/compare_universal.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        runs=list(rows(SETTINGS.runs).values()),
        conf=CONFIG.validation.conf,
        iou=CONFIG.validation.iou,
        resamples=CONFIG.validation.resamples,
        seed=CONFIG.seed,
        source_fingerprint=source_fingerprint("compare_universal"),
    message:
        "Counting found cells by test set and condition"
    script:
        "../scripts/compare_universal.py"


rule compare_with_universal:
    """The preprint's detectors of this run beside the shipped one, on recordings that none of them learned from."""
    input:
        predictions=paths.predictions(PLAN.runs.beside()),
        testsets=testsets_of(PLAN.runs.beside()),
        shipped="resources/universal/conditions.csv",
    output:
        table="<results>/tables/universal.csv",
        provenance="<results>/tables/universal.json",
    log:
        "<logs>/compare_with_universal.log",
    benchmark:
        "<benchmarks>/compare_with_universal.tsv"
    priority: PRIORITY["evaluate"]
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        runs=list(rows(PLAN.runs.beside()).values()),
        testsets=list(BESIDE),
        conf=CONFIG.validation.conf,
        iou=CONFIG.validation.iou,
        resamples=CONFIG.validation.resamples,
        seed=CONFIG.seed,
        source_fingerprint=source_fingerprint("compare_with_universal"),
    message:
        "Comparing with the detector for recordings nobody trained it on"
    script:
        "../scripts/compare_with_universal.py"


rule compare_seeds:
    """What each variant is worth over its seeds, beside the variant of the file's name."""
    input:
        conditions="<results>/tables/conditions.csv",
    output:
        table="<results>/tables/{reference}-seeds.csv",
        provenance="<results>/tables/{reference}-seeds.json",
    log:
        "<logs>/compare_seeds/{reference}.log",
    benchmark:
        "<benchmarks>/compare_seeds/{reference}.tsv"
    wildcard_constraints:
        reference=alternatives(SETTINGS.variants),
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime=growing(10),
    params:
        variants={name: model.variant for name, model in SETTINGS.models.items()},
        source_fingerprint=source_fingerprint("compare_seeds"),
    message:
        "Comparing variants with {wildcards.reference} over their seeds"
    script:
        "../scripts/compare_seeds.py"


rule calibrate_gauge:
    """How average precision follows from what own recordings show without truth, from the disturbed frames."""
    input:
        record=lambda wildcards: PLAN.models.record("universal"),
        weights=lambda wildcards: f"{PLAN.models.folder('universal')}/weights/best.pt",
        images="<results>/datasets/universal/train.txt",
        testsets=[paths.testset(name) for name, testset in SETTINGS.testsets.items() if testset.of],
        conditions="<results>/tables/conditions.csv",
    output:
        gauge="<results>/tables/gauge.json",
        table="<results>/tables/gauge.csv",
    log:
        "<logs>/calibrate_gauge.log",
    benchmark:
        "<benchmarks>/calibrate_gauge.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(3000),
        runtime=growing(60),
    params:
        imgsz=lambda wildcards: SETTINGS.training("universal").imgsz,
        source_fingerprint=source_fingerprint("calibrate_gauge"),
    message:
        "Calibrating the gauge of own recordings"
    script:
        "../scripts/calibrate_gauge.py"


rule package_universal:
    """The universal checkpoint with curves, record, conditions and model card, as `make universal` ships them."""
    input:
        # functions, as the tables of the embedded default have no row `universal`
        record=lambda wildcards: PLAN.models.record("universal"),
        weights=lambda wildcards: f"{PLAN.models.folder('universal')}/weights/best.pt",
        curves=lambda wildcards: f"{PLAN.models.folder('universal')}/results.csv",
        metadata="<results>/datasets/universal/metadata.csv",
        conditions="<results>/tables/conditions.csv",
        gauge="<results>/tables/gauge.json",
        readings="<results>/tables/gauge.csv",
        found="<results>/tables/found.csv",
    output:
        weights="<results>/universal/yolo11n-universal.pt",
        record="<results>/universal/training.json",
        curves="<results>/universal/results.csv",
        conditions="<results>/universal/conditions.csv",
        gauge="<results>/universal/gauge.json",
        readings="<results>/universal/gauge.csv",
        found="<results>/universal/found.csv",
        card="<results>/universal/README.md",
    log:
        "<logs>/package_universal.log",
    benchmark:
        "<benchmarks>/package_universal.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        banks=lambda wildcards: list(SETTINGS.variants["universal"].banks),
        source_fingerprint=source_fingerprint("package_universal"),
    message:
        "Writing the universal checkpoint with its model card"
    script:
        "../scripts/package_universal.py"
