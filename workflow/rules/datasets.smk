# splits and datasets: which cell may appear where, and cut-and-paste images with labels, in shards.


rule split_cells:
    """Say which cell may appear in train, val and test."""
    input:
        banks=lambda wildcards: [paths.cells(bank) for bank in PLAN.datasets.bank_sets[wildcards.banks]],
    output:
        splits="<results>/splits/{scheme}/{banks}.csv",
        provenance="<results>/splits/{scheme}/{banks}.json",
    log:
        "<logs>/split_cells/{scheme}-{banks}.log",
    benchmark:
        "<benchmarks>/split_cells/{scheme}-{banks}.tsv"
    wildcard_constraints:
        scheme="grouped|paper",
        banks=alternatives(PLAN.datasets.bank_sets),
    priority: PRIORITY["compose"]
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        shares=CONFIG.shares.model_dump(),
        paper=lambda wildcards: PLAN.datasets.paper_shares(wildcards.scheme, wildcards.banks),
        seed=CONFIG.seed,
        source_fingerprint=source_fingerprint("split_cells"),
    message:
        "Dividing the cells of {wildcards.banks} into train, val and test by the scheme {wildcards.scheme}"
    script:
        "../scripts/split_cells.py"


rule compose_shard:
    """Cut-and-paste images with labels, one shard of a variant's split."""
    input:
        banks=lambda wildcards: PLAN.datasets.banks(wildcards.variant),
        splits=lambda wildcards: PLAN.datasets.splits(wildcards.variant),
    output:
        shard=directory("<results>/datasets/{variant}/{split}/shards/{shard}"),
    log:
        "<logs>/compose_shard/{variant}-{split}-{shard}.log",
    benchmark:
        "<benchmarks>/compose_shard/{variant}-{split}-{shard}.tsv"
    wildcard_constraints:
        variant=alternatives(PLAN.datasets.generated),
    priority: PRIORITY["compose"]
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        compose=lambda wildcards: SETTINGS.variants[wildcards.variant].compose,
        indices=lambda wildcards: PLAN.datasets.shard_range(**wildcards),
        seed=CONFIG.seed,
        source_fingerprint=source_fingerprint("compose_shard"),
    message:
        "Composing {wildcards.variant}, {wildcards.split}, shard {wildcards.shard}"
    script:
        "../scripts/compose_shard.py"


rule import_dataset:
    """Take the images of a dataset that was composed elsewhere: a published one, or a folder of yours."""
    input:
        lambda wildcards: DISK.dataset_files(wildcards.variant),
    output:
        train=directory("<results>/datasets/{variant}/train/shards/000"),
        val=directory("<results>/datasets/{variant}/val/shards/000"),
        test=directory("<results>/datasets/{variant}/test/shards/000"),
    log:
        "<logs>/import_dataset/{variant}.log",
    benchmark:
        "<benchmarks>/import_dataset/{variant}.tsv"
    wildcard_constraints:
        variant=alternatives(PLAN.datasets.imported),
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(120),
    params:
        compose=lambda wildcards: SETTINGS.variants[wildcards.variant].compose,
        origin=lambda wildcards: PLAN.datasets.import_params(wildcards.variant, DISK),
        source_fingerprint=source_fingerprint("import_dataset"),
    message:
        "Taking the images of {wildcards.variant}, composed elsewhere"
    script:
        "../scripts/import_dataset.py"


rule collect_dataset:
    """Make one dataset of its shards, with image lists, metadata and fingerprint."""
    input:
        train=lambda wildcards: PLAN.datasets.shards(wildcards.variant, "train"),
        val=lambda wildcards: PLAN.datasets.shards(wildcards.variant, "val"),
        test=lambda wildcards: PLAN.datasets.shards(wildcards.variant, "test"),
    output:
        yaml="<results>/datasets/{variant}/data.yaml",
        lists=multiext("<results>/datasets/{variant}/", "train.txt", "val.txt", "test.txt"),
        metadata="<results>/datasets/{variant}/metadata.csv",
        coco=multiext("<results>/datasets/{variant}/coco/", "train.json", "val.json", "test.json"),
        fingerprint="<results>/datasets/{variant}/fingerprint.txt",
        provenance="<results>/datasets/{variant}/provenance.json",
    log:
        "<logs>/collect_dataset/{variant}.log",
    benchmark:
        "<benchmarks>/collect_dataset/{variant}.tsv"
    priority: PRIORITY["compose"]
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(20),
    params:
        compose=lambda wildcards: SETTINGS.variants[wildcards.variant].compose,
        dataset=lambda wildcards: SETTINGS.variants[wildcards.variant].dataset,
        seed=CONFIG.seed,
        source_fingerprint=source_fingerprint("collect_dataset"),
    message:
        "Collecting the shards of {wildcards.variant}"
    script:
        "../scripts/collect_dataset.py"
