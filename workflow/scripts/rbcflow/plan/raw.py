"""Sources: where their files come from, and how much is simulated (rule file ``raw``)."""

from __future__ import annotations

from typing import Any

from rbcflow.config.settings import Settings
from rbcflow.sources.laboratories import known

READING_OPTIONS = {"take", "ignore", "without_polygons"}
"""Keys of a source's row that say which of its files are read."""


class Raw:
    """What the rules of the stage `raw` ask.

    Attributes:
        recorded: sources with files.
        masked: sources with true masks: those with exact truth, and the public recordings.
    """

    def __init__(self, settings: Settings) -> None:
        """Take the settings."""
        self._settings = settings
        self.recorded = self.of("phantom", "local", "url", "package", "published")
        self.masked = [
            name for name in self.recorded if settings.exact_truth(name) or settings.access(name) == "package"
        ]

    def of(self, *access: str) -> list[str]:
        """Return the sources whose files come in one of the given ways."""
        return [name for name in self._settings.sources if self._settings.access(name) in access]

    def layout(self, source: str) -> str:
        """Return the layout of a source's files."""
        return self._settings.sources[source].layout

    def phantom(self, source: str) -> dict[str, Any]:
        """Return how much a source's phantom simulates."""
        keys = known()[self.layout(source)].phantom_sizes
        return {key: getattr(self._settings.config.phantom, key) for key in keys}

    def reading_options(self, source: str) -> dict[str, Any]:
        """Return which of a source's files are read, and how."""
        return self._settings.sources[source].model_dump(include=READING_OPTIONS | {"bad_files"})

    def folder(self, source: str) -> str:
        """Return the folder where a source's own files are expected."""
        return str(self._settings.raw_folder(source))

    def manifest(self, source: str) -> str:
        """Return where the sums of a source's own files are kept."""
        return f"{self._settings.config.raw}/{source}.sha256"

    def looked_at(self) -> list[dict[str, Any]]:
        """Return what is told of each source by `check_raw`."""
        return [
            {
                "source": name,
                "layout": row.layout,
                "access": self._settings.access(name),
                "folder": self.folder(name),
                "reading_options": row.model_dump(include=READING_OPTIONS),
            }
            for name, row in self._settings.sources.items()
        ]
