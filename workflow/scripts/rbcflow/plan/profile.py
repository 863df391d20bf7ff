"""What a profile says of rules by pattern: there are some for each model, and a model is a row of a table.

Snakemake knows rules by their whole names. Of groups it can be asked when a job is made, of resources only before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fnmatch import filter as matching
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from snakemake.resources import Resources

from rbcflow.core.strict import did_you_mean

FAMILIES = ("predict_*", "evaluate_*", "collect_errors_*", "draw_run_*", "score_segmentation_by_*")
"""Patterns of the rules that there are for each model, or by what a configuration asks for."""

Said = TypeVar("Said", dict, Resources)


def spread(said: Mapping[str, Said], names: Iterable[str]) -> dict[str, Said]:
    """Return what is said of rules by their names, patterns such as ``predict_*`` replaced by the names they fit.

    Args:
        said: resources by rule or pattern; a rule's own count more than a pattern's.
        names: the rules that patterns are tried on.
    """
    names, found = list(names), {}
    # rules after patterns
    for key in sorted(said, key=lambda key: "*" not in key):
        for name in matching(names, key) if "*" in key else [key]:
            if name in found:
                found[name].update(said[key])
            else:
                found[name] = said[key].copy()
    return found


def spread_resources(workflow: Any, names: Iterable[str]) -> None:
    """Let ``set-resources`` and ``set-threads`` say something of rules by pattern; before the first rule, as Snakemake
    reads them there."""
    settings, names = workflow.resource_settings, list(names)
    settings.overwrite_resources = spread(settings.overwrite_resources, names)
    threads = {key: {"threads": value} for key, value in settings.overwrite_threads.items()}
    settings.overwrite_threads = {name: own["threads"] for name, own in spread(threads, names).items()}


def group_of(workflow: Any, pattern: str) -> Callable[[Any], str | None]:
    """Return the directive ``group`` of rules of a pattern: what the profile's ``groups`` say of it, if anything."""
    return lambda wildcards: workflow.group_settings.overwrite_groups.get(pattern)


def named_rules(workflow: Any) -> dict[str, list[str]]:
    """Return the rules and patterns that profile and command line name, by key; before patterns are spread.

    Snakemake knows groups only when a run starts.
    """
    settings = workflow.resource_settings
    return {"set-threads": list(settings.overwrite_threads), "set-resources": list(settings.overwrite_resources)}


def told_of_unknown(named: Mapping[str, Iterable[str]], rules: Iterable[str]) -> str | None:
    """Return a warning of names that are no rule's, which Snakemake passes over, or None.

    Args:
        named: names and patterns by the profile's key.
        rules: all that there are, and those that another configuration has.
    """
    known = {*rules, *FAMILIES}
    unknown = {
        name: key
        for key, names in named.items()
        for name in names
        if name not in known and not any(fnmatchcase(name, family) for family in FAMILIES)
    }
    lines = [f"  {key}: {name} {did_you_mean(name, known)}".rstrip() for name, key in unknown.items()]
    if not lines:
        return None
    said = "The profile, or the command line, names rules that there are not; what it says of them is passed over:"
    return "\n".join([said, *lines, ""])
