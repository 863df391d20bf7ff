# rbcflow: from raw recordings of red blood cells to one report. The files below stand in the order of the data flow.

from snakemake.utils import min_version

min_version("9.19")


configfile: "config/config.yaml"


report: "workflow/report/workflow.rst"


pathvars:
    logs="<results>/logs",
    benchmarks="<results>/benchmarks",


include: "workflow/rules/common.smk"
include: "workflow/rules/raw.smk"
include: "workflow/rules/segmentation.smk"
include: "workflow/rules/cells.smk"
include: "workflow/rules/datasets.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/testsets.smk"
include: "workflow/rules/predictions.smk"
include: "workflow/rules/metrics.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/recordings.smk"
include: "workflow/rules/retraining.smk"
include: "workflow/rules/universal.smk"


CODE.keep()
tell_of_unknown_rules(NAMED)


onstart:
    no_limit_on_starts()
    tell_of_unknown_rules({"groups": workflow.group_settings.overwrite_groups})
    board.show(workflow, logger)


onerror:
    logger.error(
        "\nWhat is finished is kept: fix what is named above and run the same command again. A job that ended with "
        "exit code 137 or `Killed` ran out of memory: fewer --cores. docs/accidents.md has more.\n"
    )


rule all:
    """The whole rebuild, ending with the report."""
    default_target: True
    input:
        "<results>/report.html",
