# figures: pictures and GIFs, each an entry of paper/figures.yaml; nothing is drawn that is not in it. One job draws the figures of all
# banks, one those of all variants, and so on, one those of a model's runs, one what is drawn once of a stage: to start takes longer than to draw.

from rbcflow.figures.registry import ONLY_KEY
from rbcflow.plan.figures import NOUNS

for (per, job), keys in PLAN.figures.together().items():
    entries = PLAN.figures.per[per]

    rule:
        """Pictures and animations of the registry, of all banks, variants, models and so on."""
        name:
            job
        input:
            unpack(PLAN.figures.inputs(entries, keys)),
        output:
            **PLAN.figures.outputs(entries, keys),
        log:
            f"<logs>/{job}.log",
        benchmark:
            f"<benchmarks>/{job}.tsv"
        priority: PRIORITY["draw"]
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=growing(2000),
            runtime=growing(20 + 5 * len(keys)),
        params:
            **PLAN.figures.words,
            record_as=f"draw_{per}",
            many=True,
            drawn_for=keys,
            figures=[PLAN.figures.params(entry, source_fingerprint) for entry in entries],
        message:
            f"Drawing the figures of every {NOUNS.get(per, per)}"
        script:
            "../scripts/draw_figures.py"


for model, runs in PLAN.runs.shown.items() if "run" in PLAN.figures.per else ():

    rule:
        """Pictures and animations of the runs of one model."""
        name:
            f"draw_run_{model}"
        input:
            unpack(PLAN.figures.inputs(PLAN.figures.per["run"], list(runs))),
        output:
            **PLAN.figures.outputs(PLAN.figures.per["run"], runs),
        log:
            f"<logs>/draw_run/{model}.log",
        benchmark:
            f"<benchmarks>/draw_run/{model}.tsv"
        group:
            group_of(workflow, "draw_run_*")
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=growing(2000),
            runtime=growing(60),
        params:
            **PLAN.figures.words,
            record_as="draw_run",
            many=True,
            drawn_for=list(runs),
            figures=[PLAN.figures.params(entry, source_fingerprint) for entry in PLAN.figures.per["run"]],
        message:
            f"Drawing the figures of the runs of {model}"
        script:
            "../scripts/draw_figures.py"


for happened, entries in PLAN.figures.once().items():

    rule:
        """Pictures of the registry that are drawn once."""
        name:
            f"draw_{happened}"
        input:
            unpack(PLAN.figures.inputs(entries, ONLY_KEY)),
        output:
            **PLAN.figures.outputs(entries, [ONLY_KEY]),
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
            **PLAN.figures.words,
            record_as="draw_figure",
            drawn_for=[ONLY_KEY],
            figures=[PLAN.figures.params(entry, source_fingerprint) for entry in entries],
        message:
            f"Drawing the figures of what was {happened}"
        script:
            "../scripts/draw_figures.py"
