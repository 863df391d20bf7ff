# cells: single cells with masks, and how each was cut.


rule cut_cells:
    input:
        record="<results>/raw/{source}/source.json",
    output:
        cells="<results>/cells/{source}/cells.csv",
        crops="<results>/cells/{source}/crops.npz",
        provenance="<results>/cells/{source}/provenance.json",
    log:
        "<logs>/cut_cells/{source}.log",
    benchmark:
        "<benchmarks>/cut_cells/{source}.tsv"
    wildcard_constraints:
        source=alternatives(RECORDED),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=120,
    params:
        layout=lambda wildcards: SETTINGS.sources[wildcards.source].layout,
        code=code("cut_cells"),
    message:
        "Cutting single cells out of {wildcards.source}"
    script:
        "../scripts/cut_cells.py"


rule draw_cells:
    output:
        cells="<results>/cells/{source}/cells.csv",
        crops="<results>/cells/{source}/crops.npz",
        provenance="<results>/cells/{source}/provenance.json",
    log:
        "<logs>/draw_cells/{source}.log",
    benchmark:
        "<benchmarks>/draw_cells/{source}.tsv"
    wildcard_constraints:
        source=alternatives(sources_of("drawn")),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        per_class=CONFIG.phantom.drawn_per_class,
        seed=CONFIG.seed,
        code=code("draw_cells"),
    message:
        "Drawing single cells for the bank {wildcards.source}"
    script:
        "../scripts/draw_cells.py"
