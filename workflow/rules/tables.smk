# tables: what is counted over all datasets for the report: boxes, leakage, fingerprints.

from rbcflow.config.ways import read_sample


rule count_raw:
    """Frames and crops by source, recording, class and flow condition."""
    input:
        records=[paths.record(source) for source in PLAN.raw.recorded],
    output:
        table="<results>/tables/raw_counts.csv",
        provenance="<results>/tables/raw_counts.json",
    log:
        "<logs>/count_raw.log",
    benchmark:
        "<benchmarks>/count_raw.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(120),
    params:
        source_fingerprint=source_fingerprint("count_raw"),
    message:
        "Counting frames and crops by recording"
    script:
        "../scripts/count_raw.py"


rule measure_leakage:
    """What is on more than one side of train, val and test, by scheme."""
    input:
        banks=[paths.cells(bank) for bank in PLAN.cells.feeding],
        grouped=[paths.splits("grouped", banks) for banks in PLAN.datasets.divided],
        paper=[paths.splits("paper", banks) for banks in PLAN.datasets.divided],
    output:
        table="<results>/tables/leakage.csv",
        provenance="<results>/tables/leakage.json",
    log:
        "<logs>/measure_leakage.log",
    benchmark:
        "<benchmarks>/measure_leakage.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        source_fingerprint=source_fingerprint("measure_leakage"),
    message:
        "Counting what is on two sides of train, val and test"
    script:
        "../scripts/measure_leakage.py"


rule measure_boxes:
    """Sizes of boxes by class, as a variant is meant and as the preprint made it, and in its published labels."""
    input:
        banks=PLAN.datasets.measured_banks(),
        splits=PLAN.datasets.measured_splits(),
    output:
        table="<results>/tables/box_sizes.csv",
        provenance="<results>/tables/box_sizes.json",
    log:
        "<logs>/measure_boxes.log",
    benchmark:
        "<benchmarks>/measure_boxes.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(20),
    params:
        ways=PLAN.datasets.ways,
        places=lambda wildcards, input: PLAN.datasets.places(input.banks, input.splits),
        published=read_sample(Path("paper/published.yaml")),
        seed=CONFIG.seed,
        source_fingerprint=source_fingerprint("measure_boxes"),
    message:
        "Measuring boxes as meant and as the preprint made them"
    script:
        "../scripts/measure_boxes.py"


rule compare_fingerprints:
    """This run's fingerprints, stage by stage, beside those expected of it."""
    input:
        files=[item["file"] for item in PLAN.datasets.fingerprinted()],
    output:
        table="<results>/tables/fingerprints.csv",
        provenance="<results>/tables/fingerprints.json",
    log:
        "<logs>/compare_fingerprints.log",
    benchmark:
        "<benchmarks>/compare_fingerprints.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        committed={"scales": COMMITTED.get("scales")},
        compared=[
            {key: value for key, value in item.items() if key != "file"} for item in PLAN.datasets.fingerprinted()
        ],
        source_fingerprint=source_fingerprint("compare_fingerprints"),
    message:
        "Comparing fingerprints, stage by stage, with those expected"
    script:
        "../scripts/compare_fingerprints.py"
