# predictions: boxes of one model on one test set, computed once.

from rbcflow.plan.runs import testsets_of

# To load the libraries and a network takes longer than to evaluate it on a test set, so a job takes all runs of a model.
for job, runs in PLAN.runs.runs_by_job.items():
    model = next(iter(runs.values())).model

    rule:
        """The boxes of one model on all its test sets, computed once."""
        name:
            f"predict_{job}"
        input:
            weights=f"{PLAN.models.folder(model)}/weights/best.pt",
            record=PLAN.models.record(model),
            testsets=testsets_of(runs),
        output:
            predictions=paths.predictions(runs),
            provenance=paths.predictions(runs, "json"),
        log:
            f"<logs>/predict_model/{job}.log",
        benchmark:
            f"<benchmarks>/predict_model/{job}.tsv"
        priority: PRIORITY["evaluate"]
        group:
            group_of(workflow, "predict_*")
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            mem_mb=growing(3000),
            runtime=growing(240),
            gpu=1,
        params:
            model=model,
            runs=[{**row.model_dump(), "scale": SETTINGS.scale(row.testset)} for row in runs.values()],
            clipped=CONFIG.validation.clip_boxes,
            source_fingerprint=source_fingerprint("predict_model"),
        message:
            f"Predicting the runs of {model}"
        script:
            "../scripts/predict_model.py"
