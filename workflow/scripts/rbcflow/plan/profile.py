"""What a profile says of rules by pattern: there are some for each model, and a model is a row of a table.

Snakemake knows rules by their whole names. Of groups it can be asked when a job is made, of resources only before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fnmatch import filter as matching
from typing import Any, TypeVar

from snakemake.resources import Resources

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
    """Let ``set-resources`` say something of rules by pattern; before the first rule, as Snakemake reads it there."""
    settings = workflow.resource_settings
    settings.overwrite_resources = spread(settings.overwrite_resources, names)


def group_of(workflow: Any, pattern: str) -> Callable[[Any], str | None]:
    """Return the directive ``group`` of rules of a pattern: what the profile's ``groups`` say of it, if anything."""
    return lambda wildcards: workflow.group_settings.overwrite_groups.get(pattern)
