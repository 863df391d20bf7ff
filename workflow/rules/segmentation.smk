# segmentation: networks that segment cells, trained on pictures simulated for practice.


rule simulate_practice:
    """Pictures with the exact label of every cell, for the segmentation networks to learn from."""
    output:
        practice="<results>/segmentation/practice.npz",
        provenance="<results>/segmentation/practice.json",
    log:
        "<logs>/simulate_practice.log",
    benchmark:
        "<benchmarks>/simulate_practice.tsv"
    priority: PRIORITY["outline"]
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(20),
    params:
        phantoms=laboratories.practice(),
        per_layout=CONFIG.segmentation.pictures,
        seed=CONFIG.seed,
        source_fingerprint=source_fingerprint("simulate_practice"),
    message:
        "Simulating practice pictures for the segmentation networks"
    script:
        "../scripts/simulate_practice.py"


rule train_unet:
    """The network that tells foreground, learned from practice pictures."""
    input:
        practice="<results>/segmentation/practice.npz",
    output:
        weights="<results>/segmentation/unet/weights.pt",
        curves="<results>/segmentation/unet/curves.csv",
        record="<results>/segmentation/unet/training.json",
        provenance="<results>/segmentation/unet/provenance.json",
    log:
        "<logs>/train_unet.log",
    benchmark:
        "<benchmarks>/train_unet.tsv"
    priority: PRIORITY["outline"]
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(3000),
        runtime=growing(60),
    params:
        steps=CONFIG.segmentation.steps,
        seed=CONFIG.seed,
        source_fingerprint=source_fingerprint("train_unet"),
    message:
        "Training the U-Net that finds foreground"
    script:
        "../scripts/train_unet.py"


rule train_cellpose:
    """The network inside Cellpose, learned from practice pictures."""
    input:
        practice="<results>/segmentation/practice.npz",
    output:
        weights="<results>/segmentation/cellpose/weights.pt",
        curves="<results>/segmentation/cellpose/curves.csv",
        record="<results>/segmentation/cellpose/training.json",
        provenance="<results>/segmentation/cellpose/provenance.json",
    log:
        "<logs>/train_cellpose.log",
    benchmark:
        "<benchmarks>/train_cellpose.tsv"
    priority: PRIORITY["outline"]
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(3000),
        runtime=growing(60),
    params:
        steps=CONFIG.segmentation.steps,
        seed=CONFIG.seed,
        source_fingerprint=source_fingerprint("train_cellpose"),
    message:
        "Training the network inside Cellpose"
    script:
        "../scripts/train_cellpose.py"


# A target of its own: `snakemake --cores all results/segmentation/cellpose-finetuned/weights.pt`, or `cellpose: finetuned`.
rule finetune_cellpose:
    """Go on training the network inside Cellpose on a laboratory's own polygons."""
    input:
        record="<results>/raw/nouaman2024/source.json",
        start="<results>/segmentation/cellpose/weights.pt",
    output:
        weights="<results>/segmentation/cellpose-finetuned/weights.pt",
        curves="<results>/segmentation/cellpose-finetuned/curves.csv",
        record="<results>/segmentation/cellpose-finetuned/training.json",
        provenance="<results>/segmentation/cellpose-finetuned/provenance.json",
    log:
        "<logs>/finetune_cellpose.log",
    benchmark:
        "<benchmarks>/finetune_cellpose.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(120),
    params:
        steps=CONFIG.segmentation.finetune_steps,
        seed=CONFIG.seed,
        source_fingerprint=source_fingerprint("finetune_cellpose"),
    message:
        "Going on training the network inside Cellpose on annotated polygons"
    script:
        "../scripts/finetune_cellpose.py"
