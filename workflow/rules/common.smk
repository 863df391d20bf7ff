# Shared by the files beside this one: the settings, the plan made of them, priorities, sizes, and fingerprints of code.
# Names, paths and keys are answered by `workflow/scripts/rbcflow/plan/`, a module for one of these files or for some.

import os
import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

SCRIPTS = Path(workflow.current_basedir).parent / "scripts"
sys.path.insert(0, str(SCRIPTS))

from rbcflow.config import load
from rbcflow.config.reader import check_files
from rbcflow.config.said import said_by
from rbcflow.core.errors import InputError
from rbcflow.core.yamlfile import read_yaml
from rbcflow.plan import Plan, paths
from rbcflow.plan.disk import Disk
from rbcflow.plan.figures import drawing_rules
from rbcflow.plan.names import alternatives, rows
from rbcflow.plan.profile import group_of, named_rules, spread_resources, told_of_unknown
from rbcflow.plan.start import told_of_missing
from rbcflow.runtime import board
from rbcflow.runtime import fingerprint as code_tools
from rbcflow.runtime.clock import from_the_future
from rbcflow.runtime.memory import HUGE_PAGES
from rbcflow.runtime.parent_watch import announce
from rbcflow.sources import laboratories

try:
    check_files(map(Path, workflow.configfiles))
    SETTINGS = load(config)
    PLAN = Plan.of(SETTINGS)
except InputError as error:
    told = said_by(error, config, map(Path, workflow.configfiles))
    raise WorkflowError(f"The configuration is wrong.\n{told}") from None

CONFIG = SETTINGS.config
DISK = Disk(SETTINGS)
"""All that is asked of the user's files while the DAG is built."""

# Jobs inherit this environment, on a cluster too, where every job reads these rules again.
os.environ.update(HUGE_PAGES | os.environ)
# Containers often set it; a job compiles what it imports for all that follow, else each spends a second to ten on that.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
announce()

# times of results, not what is in them: no job depends on it, but Snakemake would refuse the next one
if ahead := from_the_future(Path(CONFIG.pathvars.get("results", "results"))):
    logger.warning(ahead)

# the jobs of a run read these rules again and need not say it once more; Snakemake does not tell its targets here yet
if workflow.is_main_process and (
    told := told_of_missing(SETTINGS, PLAN.possible, DISK, looked_at="check_raw" in sys.argv)
):
    logger.warning(told)

NAMED = named_rules(workflow)
"""Rules and patterns that the profile names, by its key: here still as they stand in it."""

spread_resources(workflow, [*PLAN.runs.rules(), *PLAN.cells.rules()])

COMMITTED = read_yaml(Path("resources/expected/fingerprints.yaml"))
"""Committed fingerprints: keys `probe` and `scales`."""

PRIORITY = {
    "probe": 60,
    "adopt": 55,
    "train": 50,
    "feed": 45,
    "compose": 40,
    "evaluate": 30,
    "outline": 25,
    "score": 20,
    "draw": 10,
}
"""What goes first when several jobs could: trainings, of which one follows the other, and what they wait for; then counts,
on which comparisons of all runs wait; then networks, banks and outlines, which take minutes and must not come last; then figures of many things at once,
which take longer than those of a run."""


wildcard_constraints:
    source=alternatives(SETTINGS.sources),
    bank=alternatives(SETTINGS.banks),
    variant=alternatives(SETTINGS.variants),
    model=alternatives(SETTINGS.models),
    testset=alternatives(PLAN.testsets.names),
    run=alternatives(SETTINGS.evaluated),
    split=alternatives(paths.SPLITS),
    shard=r"\d{3}",
    seed=r"\d+",


CODE = code_tools.Library(SCRIPTS, kept=Path(".snakemake/code.json"), outside=laboratories.folders())


def source_fingerprint(script, *named):
    """Return the fingerprint of a script and of the library modules it reaches: the param that makes changed logic rerun."""
    return CODE.fingerprint(f"{script}.py", *named)


def templates(*below):
    """Return the files of folders, or files, of the library that a page is filled into; a moved project makes none anew."""
    found = (file for name in below for file in [SCRIPTS / "rbcflow" / name, *(SCRIPTS / "rbcflow" / name).rglob("*")])
    return sorted(os.path.relpath(file) for file in found if file.is_file())


def no_limit_on_starts():
    """Take away the limit of 100 job starts a second that Snakemake has by default; another one is the user's and stays.

    For its sake the scheduler looks for more to do once a second, for every job that ever ended once more, until the last
    has ended: half of its own time. No run here comes near the limit.
    """
    limiter = getattr(workflow.scheduler, "job_rate_limiter", None)
    if limiter and (limiter.max_jobs, limiter.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None


def tell_of_unknown_rules(named):
    """Warn of names of a profile that are no rule's; a workflow that has this one as a module has rules of its own."""
    if workflow.is_main_process and workflow.modifier.is_main_snakefile():
        if told := told_of_unknown(named, [known.name for known in workflow.rules] + drawing_rules()):
            logger.warning(told)


def growing(first):
    """Return a resource that grows with the attempt: a job that failed gets twice, then three times as much."""
    return lambda wildcards, attempt: first * attempt
