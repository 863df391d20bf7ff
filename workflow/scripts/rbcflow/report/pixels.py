"""Whether this run's pixels are the committed ones, in one sentence each (stage report)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rbcflow.report.stages import read_rows


@dataclass(frozen=True)
class Pixels:
    """What is said of fingerprints.

    Attributes:
        statements: a sentence for every item of ``tables/fingerprints.csv``, by stage and name (``dataset random``).
        probe: what the probe drew and whether as committed; empty where it was not drawn.
    """

    statements: dict[str, str]
    probe: dict[str, bool]

    @property
    def odd(self) -> list[str]:
        """What the probe drew otherwise than committed."""
        return [name for name, same in self.probe.items() if not same]


def read_pixels(results: Path) -> Pixels:
    """Return what is said of a run's fingerprints.

    Raises:
        InputError: a table is broken.
    """
    columns = {"stage", "name", "fingerprint", "committed_at", "differs_first_at"}
    rows = read_rows(results, "fingerprints", columns)
    probe = read_rows(results, "probe", {"name", "as_committed"})
    return Pixels(
        {f"{row['stage']} {row['name']}": statement(row["committed_at"], row["differs_first_at"]) for row in rows},
        {row["name"]: row["as_committed"] == "True" for row in probe},
    )


def statement(committed_at: str, differs_first_at: str) -> str:
    """Return the sentence on a fingerprint.

    Args:
        committed_at: scales at which the same fingerprint is committed, joined by blanks.
        differs_first_at: stage and name of the first that differs from a committed run of the same settings.
    """
    if committed_at:
        scales = " and ".join(f"“{scale}”" for scale in committed_at.split())
        return f"Pixels: as committed with this project for the scale {scales}."
    if differs_first_at:
        return f"Pixels: differ from the committed ones, first at: {differs_first_at}."
    return "Pixels: not compared, as no committed run has these settings."
