"""Recordings of the user's, and a detector retrained on them (rule files ``recordings`` and ``retraining``)."""

from __future__ import annotations

from typing import Any

from snakemake.exceptions import WorkflowError

from rbcflow.config.config import Config
from rbcflow.core.errors import InputError
from rbcflow.plan.disk import Disk


class Recordings:
    """What the rules of own recordings ask.

    Attributes:
        rows: the recordings that the configuration asks for, by name.
        detector: the detector that finds their cells, None where there are no recordings.
    """

    def __init__(self, config: Config, disk: Disk) -> None:
        """Read the sheet that the configuration names.

        Raises:
            InputError: the sheet or the detector is wrong.
        """
        self._config, self._disk = config, disk
        self.rows = disk.recordings()
        self.detector = disk.detector() if self.rows else None

    def names(self) -> list[str]:
        """Return the names of the recordings.

        Raises:
            WorkflowError: there is none.
        """
        if not self.rows:
            raise WorkflowError(
                "No recording is named: add `--config recordings=my/recordings.tsv`, or `--config "
                "recording=video.avi pixel_um=0.26 fps=500`. docs/recordings.md has the columns of the sheet."
            )
        return list(self.rows)

    def row(self, name: str, *columns: str) -> dict[str, Any]:
        """Return what the sheet says of a recording; all of it, or the named columns alone."""
        return self.rows[name].model_dump(include=set(columns) or None)

    def alone(self, name: str) -> bool:
        """Return whether no other recording has a recording's condition."""
        condition = self.rows[name].condition
        return condition is not None and [row.condition for row in self.rows.values()].count(condition) == 1

    def detector_file(self) -> str | list[str]:
        """Return the detector a job must wait for because it is made or downloaded, if it is."""
        return self.detector.path if self.detector.made else []

    def detector_side(self) -> float | None:
        """Return the size of the cells that the detector learned from, None where its record does not say."""
        return self.detector.learned.side if self.detector else None

    def retrained(self, file: str) -> str:
        """Return a file of the retraining, after the configuration was asked whether there can be one.

        Raises:
            WorkflowError: nothing can be retrained.
        """
        self.names()
        try:
            self._disk.retrained()
        except InputError as error:
            raise WorkflowError(f"Nothing can be retrained.\n{error}") from None
        return f"<results>/detectors/{self._config.retrained}/{file}"
