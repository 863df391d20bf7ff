"""What the page reads (rule file ``report``)."""

from __future__ import annotations

from typing import Any

from rbcflow.config.config import Rebuild
from rbcflow.config.settings import Settings
from rbcflow.plan.names import rows

TABLES = (
    "probe",
    "leakage",
    "fingerprints",
    "published_counts",
    "headline",
    "comparisons",
    "metric_checks",
    "sizes",
    "claims",
    "universal",
)
"""Tables over all of a run that the page shows."""


class Report:
    """What the rule that renders the report asks."""

    def __init__(self, settings: Settings) -> None:
        """Take the settings."""
        self._settings = settings

    def config(self) -> dict[str, Any]:
        """Return configuration and tables as the report reads them."""
        settings = self._settings
        tables = {name: rows(getattr(settings, name)) for name in ("banks", "variants", "models", "testsets")}
        rebuild = settings.config.model_dump(include=set(Rebuild.model_fields))
        return {**rebuild, **tables, "labels": settings.labels}

    def sources(self) -> dict[str, dict[str, Any]]:
        """Return the table of sources, each with where its files come from in this run."""
        table = rows(self._settings.sources)
        return {name: {**row, "access": self._settings.access(name)} for name, row in table.items()}
