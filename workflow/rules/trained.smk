# what is made of trained models besides their evaluation: seeds compared, model cards, ONNX, and a proof of repeatability.


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
        training=CONFIG.training.model_dump(exclude={"seeds", "threads"}),
        images={"train": 48, "val": 16},
        epochs=2,
        source_fingerprint=source_fingerprint("verify_training"),
    message:
        "Training a small model twice"
    script:
        "../scripts/verify_training.py"
