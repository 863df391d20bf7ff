# retraining: frames of own recordings to correct by hand, and a detector that learns from what was corrected.


wildcard_constraints:
    retrained=re.escape(CONFIG.retrained),


rule pack_labels:
    """Chooses frames, and packs them with the detector's boxes for the labelling tools."""
    input:
        verdicts=lambda wildcards: paths.recordings(OWN.names(), "verdict.json"),
    output:
        archive="<results>/recordings/labels.zip",
        frames="<results>/recordings/labels.csv",
    log:
        "<logs>/pack_labels.log",
    benchmark:
        "<benchmarks>/pack_labels.tsv"
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        recordings=lambda wildcards: OWN.names(),
        source_fingerprint=source_fingerprint("pack_labels"),
    message:
        "Packing frames to correct"
    script:
        "../scripts/pack_labels.py"


rule labels:
    """The target for people: frames to correct, and where they lie."""
    input:
        archive="<results>/recordings/labels.zip",
        frames="<results>/recordings/labels.csv",
    log:
        "<logs>/labels.log",
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime=growing(5),
    message:
        "The frames to correct are there"
    script:
        "../scripts/show_labels.py"


rule cut_corrected:
    """Reads the corrected labels, holds the last block of time out, and cuts what is learned from. The project's own
    images are one shard of a composed variant: a fresh clone makes it in a minute, and nothing of a whole dataset
    is waited for."""
    input:
        flows=lambda wildcards: paths.recordings(OWN.names(), "flow.json"),
        probes=lambda wildcards: paths.recordings(OWN.names(), "probe.json"),
        shard=lambda wildcards: f"<results>/datasets/{PLAN.datasets.mixed()}/train/shards/000",
    output:
        data=directory("<results>/detectors/{retrained}/data"),
    log:
        "<logs>/cut_corrected/{retrained}.log",
    benchmark:
        "<benchmarks>/cut_corrected/{retrained}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        recordings=lambda wildcards: OWN.names(),
        corrected=CONFIG.corrected,
        listing=lambda wildcards: DISK.corrected_listing(),
        side=lambda wildcards: OWN.detector_side(),
        variant=lambda wildcards: PLAN.datasets.mixed(),
        source_fingerprint=source_fingerprint("cut_corrected"),
    message:
        "Reading corrected labels for {wildcards.retrained}"
    script:
        "../scripts/cut_corrected.py"


rule retrain_detector:
    """Trains on from the named detector; a training that was cut off goes on from its last epoch."""
    input:
        data="<results>/detectors/{retrained}/data",
        detector=lambda wildcards: OWN.detector_file(),
    output:
        best="<results>/detectors/{retrained}/candidate/weights/best.pt",
        last="<results>/detectors/{retrained}/candidate/weights/last.pt",
        curves="<results>/detectors/{retrained}/candidate/results.csv",
        args="<results>/detectors/{retrained}/candidate/args.yaml",
        record="<results>/detectors/{retrained}/candidate/training.json",
    log:
        "<logs>/retrain_detector/{retrained}.log",
    benchmark:
        "<benchmarks>/retrain_detector/{retrained}.tsv"
    conda:
        "../../environment.yml"
    threads: CONFIG.training.threads
    resources:
        mem_mb=growing(6000),
        runtime=growing(240),
        gpu=1,
    params:
        detector=lambda wildcards: OWN.detector.params(),
        seed=CONFIG.seed,
        device=CONFIG.training.device,
        precision=CONFIG.training.precision,
        source_fingerprint=source_fingerprint("retrain_detector"),
    message:
        "Training {wildcards.retrained} on from the detector"
    script:
        "../scripts/retrain_detector.py"


rule evaluate_retraining:
    """Compares both detectors on the held-out frames. The detector itself is no output: one that was kept earlier
    outlives a later retraining that is worse."""
    input:
        data="<results>/detectors/{retrained}/data",
        candidate="<results>/detectors/{retrained}/candidate/training.json",
        probes=lambda wildcards: paths.recordings(OWN.names(), "probe.json"),
        detector=lambda wildcards: OWN.detector_file(),
    output:
        record="<results>/detectors/{retrained}/retraining.json",
        card="<results>/detectors/{retrained}/README.md",
    log:
        "<logs>/evaluate_retraining/{retrained}.log",
    benchmark:
        "<benchmarks>/evaluate_retraining/{retrained}.tsv"
    conda:
        "../../environment.yml"
    threads: 4
    resources:
        mem_mb=growing(4000),
        runtime=growing(60),
        gpu=1,
    params:
        recordings=lambda wildcards: OWN.names(),
        detector=lambda wildcards: OWN.detector.params(),
        source_fingerprint=source_fingerprint("evaluate_retraining"),
    message:
        "Evaluating {wildcards.retrained} on the frames that were held out"
    script:
        "../scripts/evaluate_retraining.py"


rule retrain:
    """The target for people: whether the retrained detector is kept, and both numbers."""
    input:
        record=lambda wildcards: OWN.retrained("retraining.json"),
    log:
        "<logs>/retrain.log",
    localrule: True
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime=growing(5),
    message:
        "The retraining is evaluated"
    script:
        "../scripts/show_retraining.py"
