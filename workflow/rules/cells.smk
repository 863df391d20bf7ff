# cells: single cells with masks, how each was cut, and how well each method outlines cells whose masks are known.


rule cluster_objects:
    """Clusters of what the U-Net found, and which of them hold whole cells."""
    input:
        unpack(lambda wildcards: PLAN.cells.network_inputs(["unet"])),
        record=lambda wildcards: PLAN.cells.record(wildcards.bank),
    output:
        clusters="<results>/clusters/{bank}.csv",
        pictures="<results>/clusters/{bank}.npz",
        provenance="<results>/clusters/{bank}.json",
    log:
        "<logs>/cluster_objects/{bank}.log",
    benchmark:
        "<benchmarks>/cluster_objects/{bank}.tsv"
    wildcard_constraints:
        bank=alternatives(PLAN.cells.clustered),
    priority: PRIORITY["outline"]
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(3000),
        runtime=growing(120),
    params:
        networks=lambda wildcards: PLAN.cells.bank_params(wildcards.bank),
        options=lambda wildcards: PLAN.cells.options(wildcards.bank),
        extraction=lambda wildcards: PLAN.cells.extraction(SETTINGS.banks[wildcards.bank].source),
        source_fingerprint=source_fingerprint("cluster_objects"),
    message:
        "Clustering what the U-Net found for {wildcards.bank}"
    script:
        "../scripts/cluster_objects.py"


rule cut_cells:
    """The single cells of one bank, by every method it names; none where its source is unavailable."""
    input:
        unpack(lambda wildcards: PLAN.cells.network_inputs(PLAN.cells.networks(wildcards.bank))),
        record=lambda wildcards: PLAN.cells.record(wildcards.bank),
        clusters=lambda wildcards: PLAN.cells.clusters(wildcards.bank),
    output:
        cells="<results>/cells/{bank}/cells.csv",
        crops="<results>/cells/{bank}/crops.npz",
        provenance="<results>/cells/{bank}/provenance.json",
    log:
        "<logs>/cut_cells/{bank}.log",
    benchmark:
        "<benchmarks>/cut_cells/{bank}.tsv"
    wildcard_constraints:
        bank=alternatives(PLAN.cells.cut),
    priority: lambda wildcards: PRIORITY["feed" if wildcards.bank in PLAN.cells.feeding else "outline"]
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(3000),
        runtime=growing(240),
        gpu=lambda wildcards: PLAN.cells.gpus(PLAN.cells.networks(wildcards.bank)),
    params:
        networks=lambda wildcards: PLAN.cells.bank_params(wildcards.bank),
        methods=lambda wildcards: SETTINGS.banks[wildcards.bank].methods,
        options=lambda wildcards: PLAN.cells.options(wildcards.bank),
        extraction=lambda wildcards: PLAN.cells.extraction(SETTINGS.banks[wildcards.bank].source),
        source_fingerprint=source_fingerprint("cut_cells"),
    message:
        "Cutting single cells for the bank {wildcards.bank}"
    script:
        "../scripts/cut_cells.py"


rule simulate_cells:
    """A bank of cells from the phantom's cell model."""
    output:
        cells="<results>/cells/{bank}/cells.csv",
        crops="<results>/cells/{bank}/crops.npz",
        provenance="<results>/cells/{bank}/provenance.json",
    log:
        "<logs>/simulate_cells/{bank}.log",
    benchmark:
        "<benchmarks>/simulate_cells/{bank}.tsv"
    wildcard_constraints:
        bank=alternatives(name for name in SETTINGS.banks if name not in PLAN.cells.cut),
    priority: lambda wildcards: PRIORITY["feed" if wildcards.bank in PLAN.cells.feeding else "outline"]
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(20),
    params:
        per_class=CONFIG.phantom.simulated_per_class,
        seed=CONFIG.seed,
        source_fingerprint=source_fingerprint("simulate_cells"),
    message:
        "Simulating single cells for the bank {wildcards.bank}"
    script:
        "../scripts/simulate_cells.py"


# To load the networks' libraries takes as long as to outline the sampled frames, so a job takes all methods with networks, and one the others.
for kind, methods in PLAN.cells.scored_by.items():

    rule:
        """Extraction methods on every source with known masks that they can take."""
        name:
            f"score_segmentation_by_{kind}"
        input:
            **PLAN.cells.network_inputs(SETTINGS.networks(methods)),
            records=PLAN.cells.scored_records(methods),
        output:
            summaries=[f"<results>/outlines/{method}/summary.json" for method in methods],
            objects=[f"<results>/outlines/{method}/objects.csv" for method in methods],
            provenance=[f"<results>/outlines/{method}/provenance.json" for method in methods],
        log:
            f"<logs>/score_segmentation/{kind}.log",
        benchmark:
            f"<benchmarks>/score_segmentation/{kind}.tsv"
        group:
            group_of(workflow, "score_segmentation_by_*")
        priority: PRIORITY["score"]
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=growing(3000),
            runtime=growing(120),
            gpu=PLAN.cells.gpus(SETTINGS.networks(methods)),
        params:
            methods=[PLAN.cells.scored_method(method) for method in methods],
            frames=CONFIG.segmentation.scored_frames,
            source_fingerprint=source_fingerprint("score_segmentation"),
        message:
            f"Comparing outlines by {kind} with true masks"
        script:
            "../scripts/score_segmentation.py"
