# figures: pictures and GIFs, each an entry of paper/figures.yaml; nothing is drawn that is not in it. All figures of one run, model,
# dataset and so on are drawn by one job: to start one takes longer than to draw a figure.


for per, entries in FIGURES_PER.items():

    rule:
        """Pictures and animations of the registry."""
        name:
            f"draw_{per}"
        input:
            unpack(figure_inputs(entries)),
        output:
            figures=[in_report(entry) for entry in entries],
            players=[in_report(entry, player=True) for entry in entries if entry.format == "gif"],
            vectors=[beside(entry, ".svg") for entry in entries if entry.vector],
            copies=[copy for entry in entries for copy in page_copies(entry)],
            provenance=[beside(entry, ".json") for entry in entries],
        log:
            f"<logs>/draw_{per}/{{key}}.log",
        benchmark:
            f"<benchmarks>/draw_{per}/{{key}}.tsv"
        wildcard_constraints:
            key=alternatives(KEYS[per]),
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=growing(2000),
            runtime=growing(20),
        params:
            figures=[figure_params(entry) for entry in entries],
        message:
            f"Drawing the figures of the {per} {{wildcards.key}}"
        script:
            "../scripts/draw_figures.py"


rule draw_figure:
    """Pictures and animations of the registry."""
    input:
        unpack(lambda wildcards: figure_inputs([REGISTRY[wildcards.figure]])(wildcards)),
    output:
        figures=[
            report(
                "<results>/figures/{figure}/{key}.png",
                caption="../report/figure.rst",
                category=figure_section,
                labels=figure_labels,
            )
        ],
        vectors="<results>/figures/{figure}/{key}.svg",
        copies="<results>/figures/{figure}/{key}.webp",
        provenance=["<results>/figures/{figure}/{key}.json"],
    log:
        "<logs>/draw_figure/{figure}-{key}.log",
    benchmark:
        "<benchmarks>/draw_figure/{figure}-{key}.tsv"
    wildcard_constraints:
        figure=alternatives(entry.id for entry in REGISTRY.values() if entry.per == "none"),
        key=ONLY_KEY,
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(20),
    params:
        figures=lambda wildcards: [figure_params(REGISTRY[wildcards.figure])],
    message:
        "Drawing {wildcards.figure}"
    script:
        "../scripts/draw_figures.py"
