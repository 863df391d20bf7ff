"""What is said, or refused, at the start of a run for want of a laboratory's files (rule file ``common``)."""

from __future__ import annotations

from snakemake.exceptions import WorkflowError

from rbcflow.config.settings import Settings
from rbcflow.plan.disk import Disk
from rbcflow.plan.possible import Possible


def told_of_missing(settings: Settings, possible: Possible, disk: Disk, *, looked_at: bool) -> str | None:
    """Return what to do about laboratories' files that are wanted and not there, None where none is.

    Args:
        settings: configuration and tables.
        possible: what can be made without them.
        disk: the user's files.
        looked_at: whether the target is the look at the files, which needs none of them.

    Raises:
        WorkflowError: an earlier run left simulated files in their place, which Snakemake would take for real ones.
    """
    config, absent = settings.config, disk.missing_raw()
    # own recordings need no laboratory's
    if not absent or config.recordings or config.recording:
        return None
    missing = "\n".join(f"  {line}" for line in absent)
    if (simulated := disk.simulated_before()) and not looked_at:
        raise WorkflowError(
            f"An earlier run left simulated files of {', '.join(simulated)} in the results folder; laboratories' files "
            f"are wanted, and not there:\n{missing}\nBring them, or name another results folder: "
            "`--config \"pathvars={'results': 'measured'}\"`."
        )
    lines = "\n".join(f"  {line}" for line in possible.lines())
    return (
        f"The files of these laboratories are not there (access `local`, `path` or `phantoms: false`):\n{missing}\n"
        f"What needs none of them can be made, all of it by the target `possible`:\n{lines}\n"
        "To have them simulated instead: `--config phantoms=true`. Every page made from phantoms says so.\n"
    )
