# figures: pictures and GIFs, each an entry of paper/figures.yaml; nothing is drawn that is not in it. One job draws all figures of one bank,
# variant, model and so on, of all runs of a model, and what is drawn once of one stage: to start one takes longer than to draw a figure.


for per, entries in FIGURES_PER.items():
    if per not in ("none", "run"):

        rule:
            """Pictures and animations of the registry."""
            name:
                f"draw_{per}"
            input:
                unpack(figure_inputs(entries)),
            output:
                **figure_files(entries),
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
                **WORDS,
                drawn_for=lambda wildcards: [wildcards.key],
                figures=[figure_params(entry) for entry in entries],
            message:
                f"Drawing the figures of the {per} {{wildcards.key}}"
            script:
                "../scripts/draw_figures.py"


for model, runs in SHOWN_RUNS_OF.items() if "run" in FIGURES_PER else ():

    rule:
        """Pictures and animations of the runs of one model."""
        name:
            f"draw_run_{model}"
        input:
            unpack(figure_inputs(FIGURES_PER["run"], list(runs))),
        output:
            **figure_files(FIGURES_PER["run"], runs),
        log:
            f"<logs>/draw_run/{model}.log",
        benchmark:
            f"<benchmarks>/draw_run/{model}.tsv"
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=growing(2000),
            runtime=growing(60),
        params:
            **WORDS,
            record_as="draw_run",
            many=True,
            drawn_for=list(runs),
            figures=[figure_params(entry) for entry in FIGURES_PER["run"]],
        message:
            f"Drawing the figures of the runs of {model}"
        script:
            "../scripts/draw_figures.py"


for happened, entries in drawn_once().items():

    rule:
        """Pictures of the registry that are drawn once."""
        name:
            f"draw_{happened}"
        input:
            unpack(figure_inputs(entries, ONLY_KEY)),
        output:
            **figure_files(entries, [ONLY_KEY]),
        log:
            f"<logs>/draw_figure/{happened}.log",
        benchmark:
            f"<benchmarks>/draw_figure/{happened}.tsv"
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=growing(2000),
            runtime=growing(20),
        params:
            **WORDS,
            record_as="draw_figure",
            drawn_for=[ONLY_KEY],
            figures=[figure_params(entry) for entry in entries],
        message:
            f"Drawing the figures of what was {happened}"
        script:
            "../scripts/draw_figures.py"
