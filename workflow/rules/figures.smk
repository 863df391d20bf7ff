# figures: pictures and GIFs, each an entry of paper/figures.yaml; nothing is drawn that is not in it.


rule draw_figure:
    input:
        unpack(figure_inputs),
    output:
        figure=report(
            "<results>/figures/{figure}/{key}.png",
            caption="../report/figure.rst",
            category=figure_section,
            labels=figure_labels,
        ),
        provenance="<results>/figures/{figure}/{key}.json",
    log:
        "<logs>/draw_figure/{figure}-{key}.log",
    benchmark:
        "<benchmarks>/draw_figure/{figure}-{key}.tsv"
    wildcard_constraints:
        figure=alternatives(name for name, entry in REGISTRY.items() if entry.format == "png"),
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        figure=figure_params,
        code=figure_code,
    message:
        "Drawing {wildcards.figure} of {wildcards.key}"
    script:
        "../scripts/draw_figure.py"


use rule draw_figure as draw_gif with:
    output:
        figure="<results>/gifs/{figure}/{key}.gif",
        player=report(
            "<results>/gifs/{figure}/{key}.html",
            caption="../report/figure.rst",
            category=figure_section,
            labels=figure_labels,
        ),
        provenance="<results>/gifs/{figure}/{key}.json",
    log:
        "<logs>/draw_gif/{figure}-{key}.log",
    benchmark:
        "<benchmarks>/draw_gif/{figure}-{key}.tsv"
    wildcard_constraints:
        figure=alternatives(name for name, entry in REGISTRY.items() if entry.format == "gif"),
