"""The ways a variant is composed: as it is meant, and as the preprint did it (rule ``measure_boxes``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rbcflow.config.reader import merged
from rbcflow.config.settings import Settings
from rbcflow.core.errors import InputError
from rbcflow.core.yamlfile import read_yaml

PREPRINT = Path("config/preprint.yaml")
"""The configuration that sets every deviation back which can be."""


def ways(settings: Settings) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the composer's parameters by variant and way, of the variants with a published counterpart.

    ``meant`` is the table of variants by itself, ``published`` with that configuration over it, whatever this run is
    configured by.
    """
    table, preprint = read_yaml(Path(settings.config.tables.variants)), read_yaml(PREPRINT)["variants"]
    found = {}
    for name, row in settings.variants.items():
        if row.dataset == "generated" and row.published_as and "compose" in preprint.get(name, {}):
            meant = table[name].get("compose", {})
            found[name] = {"meant": meant, "published": merged(meant, preprint[name]["compose"])}
    return found


def read_sample(path: Path) -> dict[str, dict[str, Any]]:
    """Return the entries ``box_sizes`` of ``paper/published.yaml``: by variant and class, sizes in published labels.

    Raises:
        InputError: an entry is no pair of sides with a mean, a least and a largest value each.
    """
    sample = read_yaml(path).get("box_sizes", {})
    for name, classes in sample.items():
        for class_, own in classes.items():
            sides = [own.get(side) for side in ("width", "height")] if isinstance(own, dict) else [None]
            if any(not isinstance(side, list) or len(side) != 3 for side in sides):
                expected = "width and height, each a mean, a least and a largest value"
                raise InputError(path, repr(own), expected, f"box_sizes.{name}.{class_}")
    return sample
