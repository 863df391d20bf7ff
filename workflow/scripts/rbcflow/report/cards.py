"""Claims as the page shows them: a card a sentence, folded rows a printed value (rule ``render_report``)."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from rbcflow.claims.verdicts import FAILS, HOLDS, ON_THESE, OPEN
from rbcflow.core import names
from rbcflow.report.claims import Claim
from rbcflow.report.runs import Run
from rbcflow.report.stages import Source
from rbcflow.report.text import figures
from rbcflow.runtime.lineage import PHANTOM, PUBLIC, RAW
from rbcflow.runtime.origin import UNDECIDED

PREFIXES = {f"{words.capitalize()} on these frames.": verdict for verdict, words in ON_THESE.items()}
"""How a remark begins that says what a verdict would be on frames that decide nothing."""
MINUS = "\N{MINUS SIGN}"
COMMAND = ".venv/bin/snakemake --cores all --configfile config/paper.yaml"
"""What runs everything on the laboratories' own recordings, at the preprint's scale."""
PAGES = {"README": "README.md", "docstring": "scripts"}
"""Places of the preprint's repository that a sentence's source names, by a word of it."""


IN_GREY = re.compile(rf"With grey frames: \S+ (\S+)(?: \([^)]*\))?, ({'|'.join(ON_THESE.values())})\.")
"""The remark on the same frames without their colours."""
OF_CLASS = re.compile(r"^[a-z0-9]+_(croissant|slipper|other)\b")
"""A statistic of one class alone."""


@dataclass(frozen=True)
class Place:
    """A number of a card: on simulated, public or laboratory data; empty text where there is none."""

    name: str
    origin: str
    value: str = ""
    low: str = ""
    high: str = ""
    n: str = ""

    @property
    def interval(self) -> str:
        """Its interval in brackets."""
        return f"({figures(self.low)} to {figures(self.high)})" if self.low and self.high else ""


@dataclass(frozen=True)
class Needs:
    """What is needed to decide a sentence.

    Attributes:
        recordings: the sources whose own recordings are missing.
        hours: of training, as the preprint printed them for these models; None where it printed none.
        seconds: what the same models' trainings took here.
    """

    recordings: list[Source]
    hours: float | None
    command: str = COMMAND


@dataclass(frozen=True)
class Power:
    """How a test came out on simulated data of known truth; ``at`` is the simulated value, shares are in percent."""

    right: str
    wrong: str
    at: str

    @property
    def text(self) -> str:
        """The outcome in words; tests that are not right are open, unless something else is said."""
        wrong = f", wrong in {self.wrong}\N{NO-BREAK SPACE}%" if self.wrong.strip("0") else ""
        return f"{self.right}\N{NO-BREAK SPACE}%{wrong} (drawn around {self.at})"


@dataclass(frozen=True)
class Card:
    """A sentence of the preprint.

    Attributes:
        would: what the verdict would be on these frames, empty where it is decided or has no number.
        in_grey: value and verdict on the same frames in grey, where the verdict is another; else empty.
        power: how its test came out on data simulated with the sentence true, and false; empty where not tried.
        rest: the remarks without what ``would`` says.
    """

    claim: Claim
    would: str
    rest: str
    places: list[Place]
    needs: Needs | None
    in_grey: tuple[str, str] | tuple[()] = ()
    power: tuple[Power, ...] = ()

    @property
    def decided(self) -> bool:
        """Whether the sentence holds, fails or cannot be told."""
        return not self.claim.verdict.startswith(UNDECIDED)

    @property
    def missing(self) -> str:
        """Why it is not decided."""
        return self.claim.verdict.removeprefix(f"{UNDECIDED}: ")


def read_cards(
    claims: list[Claim] | None, testsets: dict[str, Any], sources: list[Source], runs: list[Run]
) -> list[Card]:
    """Return a card for each sentence of the claims table, in its order.

    Args:
        claims: all claims, None where there is no claims table.
        testsets: rows of the table of test sets.
        sources: all sources.
        runs: all runs, which know how many true boxes of a class a test set has.
    """
    evaluated = {run.testset.name: run for run in runs if run.status == "evaluated"}
    return [_card(claim, testsets, sources, evaluated) for claim in claims or [] if claim.kind == "sentence"]


def _card(claim: Claim, testsets: dict[str, Any], sources: list[Source], evaluated: dict[str, Run]) -> Card:
    prefix = next((text for text in PREFIXES if claim.reason.startswith(text)), "")
    would = ON_THESE[PREFIXES[prefix]] if prefix else ""
    grey = IN_GREY.search(claim.reason)
    card = Card(
        claim,
        would,
        claim.reason.removeprefix(prefix).strip(),
        [replace(place, n=_of_class(claim, place.n, evaluated)) for place in _places(claim)],
        None,
        grey.groups() if grey and would and grey[2] != would else (),
        tuple(_power(text) for text in (claim.power_true, claim.power_false) if text),
    )
    return card if card.decided else replace(card, needs=_needs(claim, testsets, sources))


def _power(text: str) -> Power:
    """Read the claims table's words, such as ``right 84 %, open 16 %, wrong 0 % at 0.97``."""
    shares = dict(re.findall(r"(right|wrong) (\d+)", text))
    return Power(shares.get("right", ""), shares.get("wrong", "0"), text.rpartition(" at ")[2].replace("-", MINUS))


def _of_class(claim: Claim, n: str, evaluated: dict[str, Run]) -> str:
    """Return what a number was counted on with, for a statistic of one class, how many true boxes have it."""
    found, run = OF_CLASS.match(claim.statistic), evaluated.get(n.partition(":")[0])
    if found is None or run is None or ";" in n:
        return n
    own = next((coco["n_boxes"] for name, _, coco in run.classes if name == found[1]), None)
    return n if own is None else f"{n}, {own} of class {names.CLASSES.get(found[1], found[1])}"


def _places(claim: Claim) -> list[Place]:
    """Return the numbers by what they were evaluated on; a mixture with simulated frames counts as simulated."""
    own = Place("", "", claim.here, claim.low, claim.high, claim.n)
    raw = claim.origins == (RAW,)
    simulated = PHANTOM in claim.origins
    public = own if claim.here and not raw and not simulated else None
    return [
        _named(own if claim.here and simulated else None, "simulated", PHANTOM),
        _named(public, "public", PUBLIC) if public else
        Place("public", PUBLIC, claim.public, claim.public_low, claim.public_high, claim.public_n),
        _named(own if claim.here and raw else None, "laboratory", RAW),
    ]  # fmt: skip


def _named(place: Place | None, name: str, origin: str) -> Place:
    return Place(name, origin) if place is None else Place(name, origin, place.value, place.low, place.high, place.n)


def _needs(claim: Claim, testsets: dict[str, Any], sources: list[Source]) -> Needs:
    wanted = {(testsets.get(name) or {}).get("source") for name in claim.testsets.split()}
    missing = [source for source in sources if source.name in wanted and source.origins != (RAW,)]
    return Needs(missing, float(claim.training_seconds) / 3600 if claim.training_seconds else None)


def tally(cards: list[Card]) -> dict[str, int]:
    """Return how many sentences are decided, and what those that are not would be on these frames."""
    would = Counter(card.would for card in cards if not card.decided)
    return {
        "decided": sum(card.decided for card in cards),
        "holds": would[ON_THESE[HOLDS]],
        "fails": would[ON_THESE[FAILS]],
        "open": would[ON_THESE[OPEN]],
        "none": would[""],
    }


@dataclass(frozen=True)
class Values:
    """Printed values of one kind, beside this run's.

    Attributes:
        verdict: what all of them have in common, empty where they differ.
        decided: how many are within or outside their tolerance.
    """

    rows: list[Claim]

    @property
    def verdict(self) -> str:
        """The verdict of all rows, empty where rows differ."""
        found = {row.verdict for row in self.rows}
        return found.pop() if len(found) == 1 else ""

    @property
    def common(self) -> str:
        """The verdict that most rows share."""
        return Counter(row.verdict for row in self.rows).most_common(1)[0][0] if self.rows else ""

    @property
    def decided(self) -> int:
        """How many are decided."""
        return sum(not row.verdict.startswith(UNDECIDED) and row.tone != "open" for row in self.rows)


def read_values(claims: list[Claim] | None) -> dict[str, Values]:
    """Return the printed values of trainings, of the simulated cells on Singapore's pictures, and counts."""
    values = [claim for claim in claims or [] if claim.kind == "value"]
    return {
        "trainings": Values([claim for claim in values if claim.section.startswith("training ")]),
        "singapore": Values([claim for claim in values if claim.section == "simulated cells on Singapore"]),
        "counts": Values([claim for claim in values if claim.section == "counts"]),
    }
