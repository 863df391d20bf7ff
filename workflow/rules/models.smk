# models: trained YOLO11 detectors, what is made of them besides their evaluation, and the starter checkpoint.


rule fetch_weights:
    """Download a checkpoint of resources/weights.yaml and check its sha256 before anything opens it."""
    output:
        "resources/weights/{weights}",
    log:
        "<logs>/fetch_weights/{weights}.log",
    benchmark:
        "<benchmarks>/fetch_weights/{weights}.tsv"
    wildcard_constraints:
        weights=alternatives(name for name, entry in PLAN.weights.items() if entry.get("url")),
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime=growing(30),
    params:
        table=CONFIG.tables.weights,
        source_fingerprint=source_fingerprint("fetch_weights"),
    message:
        "Fetching {wildcards.weights} and checking its sha256"
    script:
        "../scripts/fetch_weights.py"


rule train_model:
    """Train one detector; a training that was cut off goes on from its last epoch."""
    input:
        yaml=lambda wildcards: f"<results>/datasets/{PLAN.models.variant(wildcards.model)}/data.yaml",
        fingerprint=lambda wildcards: paths.dataset(PLAN.models.variant(wildcards.model)),
        weights=lambda wildcards: PLAN.models.waited_for(PLAN.models.start(wildcards.model)),
    output:
        best="<results>/models/{model}/seed-{seed}/weights/best.pt",
        last="<results>/models/{model}/seed-{seed}/weights/last.pt",
        curves="<results>/models/{model}/seed-{seed}/results.csv",
        args="<results>/models/{model}/seed-{seed}/args.yaml",
        record="<results>/models/{model}/seed-{seed}/training.json",
        provenance="<results>/models/{model}/seed-{seed}/provenance.json",
    log:
        "<logs>/train_model/{model}-seed-{seed}.log",
    benchmark:
        "<benchmarks>/train_model/{model}-seed-{seed}.tsv"
    wildcard_constraints:
        model=alternatives(PLAN.models.trained),
    priority: PRIORITY["train"]
    conda:
        "../../environment.yml"
    threads: lambda wildcards: SETTINGS.training(wildcards.model).threads
    resources:
        mem_mb=growing(6000),
        runtime=growing(720),
        gpu=1,
    params:
        training=lambda wildcards: PLAN.models.training(wildcards.model),
        start=lambda wildcards: PLAN.models.start(wildcards.model),
        classes=lambda wildcards: PLAN.models.asked_classes(wildcards.model),
        source_fingerprint=source_fingerprint("train_model"),
    message:
        "Training {wildcards.model}, seed {wildcards.seed}"
    script:
        "../scripts/train_model.py"


# Where `training.evaluated` of a model is `mean`.
rule average_seeds:
    """The mean of the weights that a model's seeds ended with, as a model folder like any other."""
    input:
        records=lambda wildcards: PLAN.models.of_seeds(wildcards.model, "training.json"),
        best=lambda wildcards: PLAN.models.of_seeds(wildcards.model, "weights/best.pt"),
        last=lambda wildcards: PLAN.models.of_seeds(wildcards.model, "weights/last.pt"),
        curves=lambda wildcards: PLAN.models.of_seeds(wildcards.model, "results.csv"),
        args=lambda wildcards: PLAN.models.of_seeds(wildcards.model, "args.yaml"),
    output:
        best="<results>/models/{model}/seed-mean/weights/best.pt",
        last="<results>/models/{model}/seed-mean/weights/last.pt",
        curves="<results>/models/{model}/seed-mean/results.csv",
        args="<results>/models/{model}/seed-mean/args.yaml",
        record="<results>/models/{model}/seed-mean/training.json",
        provenance="<results>/models/{model}/seed-mean/provenance.json",
    log:
        "<logs>/average_seeds/{model}.log",
    benchmark:
        "<benchmarks>/average_seeds/{model}.tsv"
    wildcard_constraints:
        model=alternatives(PLAN.models.trained),
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        source_fingerprint=source_fingerprint("average_seeds"),
    message:
        "Averaging the seeds of {wildcards.model}"
    script:
        "../scripts/average_seeds.py"


# Where `weights.source` of a model is `published` or `local`, a verified checkpoint takes the place of the training.
rule adopt_model:
    """A verified checkpoint in place of a training, as a model folder like any other."""
    input:
        weights=lambda wildcards: PLAN.models.waited_for(PLAN.models.checkpoint(wildcards.model)),
    output:
        best="<results>/models/{model}/seed-{seed}/weights/best.pt",
        last="<results>/models/{model}/seed-{seed}/weights/last.pt",
        curves="<results>/models/{model}/seed-{seed}/results.csv",
        args="<results>/models/{model}/seed-{seed}/args.yaml",
        record="<results>/models/{model}/seed-{seed}/training.json",
        provenance="<results>/models/{model}/seed-{seed}/provenance.json",
    log:
        "<logs>/adopt_model/{model}-seed-{seed}.log",
    benchmark:
        "<benchmarks>/adopt_model/{model}-seed-{seed}.tsv"
    wildcard_constraints:
        model=alternatives(PLAN.models.adopted),
    # a checkpoint that does not fit is to be known before hours of work
    priority: PRIORITY["adopt"]
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(20),
    params:
        checkpoint=lambda wildcards: PLAN.models.checkpoint(wildcards.model),
        classes=lambda wildcards: SETTINGS.classes(wildcards.model),
        source_fingerprint=source_fingerprint("adopt_model"),
    message:
        "Taking a verified checkpoint for {wildcards.model}"
    script:
        "../scripts/adopt_model.py"


rule package_starter:
    """The starter checkpoint with curves, record and model card, as `resources/starter` has them."""
    input:
        # functions, as a table of models of one's own need not have a row `starter`
        record=lambda wildcards: PLAN.models.record("starter"),
        weights=lambda wildcards: f"{PLAN.models.folder('starter')}/weights/best.pt",
        curves=lambda wildcards: f"{PLAN.models.folder('starter')}/results.csv",
        metadata="<results>/datasets/synthetic/metadata.csv",
        fingerprint="<results>/datasets/synthetic/fingerprint.txt",
    output:
        weights="<results>/starter/yolo11n-starter.pt",
        record="<results>/starter/training.json",
        curves="<results>/starter/results.csv",
        card="<results>/starter/README.md",
    log:
        "<logs>/package_starter.log",
    benchmark:
        "<benchmarks>/package_starter.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        source_fingerprint=source_fingerprint("package_starter"),
    message:
        "Writing the starter checkpoint with its model card"
    script:
        "../scripts/package_starter.py"


rule tabulate_seeds:
    """Mean, spread and each value of the validation metrics over the seeds of every model."""
    input:
        records=PLAN.models.all_records(),
    output:
        table="<results>/tables/seeds.csv",
        provenance="<results>/tables/seeds.json",
    log:
        "<logs>/tabulate_seeds.log",
    benchmark:
        "<benchmarks>/tabulate_seeds.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime=growing(10),
    params:
        source_fingerprint=source_fingerprint("tabulate_seeds"),
    message:
        "Comparing the seeds of every model"
    script:
        "../scripts/tabulate_seeds.py"


rule write_model_card:
    """What a model was made from, how it does, and what it must not be used for."""
    input:
        record=lambda wildcards: PLAN.models.record(wildcards.model),
        weights=lambda wildcards: f"{PLAN.models.folder(wildcards.model)}/weights/best.pt",
        metrics=lambda wildcards: paths.counted(PLAN.runs.of_model(wildcards.model)),
    output:
        card="<results>/cards/{model}.md",
    log:
        "<logs>/write_model_card/{model}.log",
    benchmark:
        "<benchmarks>/write_model_card/{model}.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime=growing(10),
    params:
        title=lambda wildcards: SETTINGS.models[wildcards.model].title,
        source_fingerprint=source_fingerprint("write_model_card"),
    message:
        "Writing the card of {wildcards.model}"
    script:
        "../scripts/write_model_card.py"


rule export_model:
    """A model as ONNX, compared with PyTorch on test images."""
    input:
        weights=lambda wildcards: f"{PLAN.models.folder(wildcards.model)}/weights/best.pt",
        record=lambda wildcards: PLAN.models.record(wildcards.model),
        images=lambda wildcards: f"<results>/datasets/{PLAN.models.variant(wildcards.model)}/test.txt",
    output:
        model="<results>/exports/{model}.onnx",
        report="<results>/exports/{model}.json",
    log:
        "<logs>/export_model/{model}.log",
    benchmark:
        "<benchmarks>/export_model/{model}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(20),
    params:
        images=16,
        source_fingerprint=source_fingerprint("export_model"),
    message:
        "Exporting {wildcards.model} as ONNX and comparing it with PyTorch"
    script:
        "../scripts/export_model.py"


rule verify_training:
    """Train a small model twice and report the largest difference between the weights."""
    input:
        yaml="<results>/datasets/random_nosuperposition/data.yaml",
        fingerprint="<results>/datasets/random_nosuperposition/fingerprint.txt",
    output:
        report="<results>/verification/training.json",
    log:
        "<logs>/verify_training.log",
    benchmark:
        "<benchmarks>/verify_training.tsv"
    conda:
        "../../environment.yml"
    threads: CONFIG.training.threads
    resources:
        mem_mb=growing(6000),
        runtime=growing(60),
        gpu=1,
    params:
        training=CONFIG.training.model_dump(exclude={"seeds", "threads", "evaluated"}),
        images={"train": 48, "val": 16},
        epochs=2,
        source_fingerprint=source_fingerprint("verify_training"),
    message:
        "Training a small model twice"
    script:
        "../scripts/verify_training.py"
