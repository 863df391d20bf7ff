"""What a number was made from, and what it may therefore decide: the one place that knows.

Provenance records carry words (``lineage.ORIGINS``) along the data flow. At its end a number rests on a
``Basis``: what it was evaluated on, and what its model learned from. ``decide`` says if that answers a question about
the preprint.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from rbcflow.core import names
from rbcflow.runtime.lineage import ACCESS, PHANTOM, PUBLIC, PUBLISHED, RAW, RECUT, SEPARATOR, UNKNOWN

MEANING = {
    PHANTOM: "simulated by this workflow, not measured",
    PUBLIC: "from public recordings of another instrument",
    PUBLISHED: "the constructed images that the preprint published, or made here of their cells",
    RAW: "from a laboratory’s own recordings",
    UNKNOWN: "images that were made elsewhere, of unknown origin",
}

IMAGES = {
    PHANTOM: "simulated images",
    PUBLIC: "public recordings of another instrument",
    PUBLISHED: "the preprint’s published images",
    RAW: "a laboratory’s recordings",
    UNKNOWN: "images of unknown origin",
}
"""What something was evaluated on or learned from, in words."""

UNDECIDED = "not decided"
ABSENT = f"{UNDECIDED}: raw data absent"
NO_NUMBER = f"{UNDECIDED}: no such number here"


SIMULATED_RUN = "test_synthetic_test"
"""What the preprint's run of its simulated-cells model is called in the table of runs."""


class Question(Enum):
    """What a number is asked; the value names what may be evaluated on, and what the model may have learned from.

    Each is a list of the origins that will do, one at a time: a mixture answers nothing.
    """

    TRAINING = ((PUBLISHED, RAW), (PUBLISHED, RAW))
    """A published value of a training on its own validation images."""
    RECORDINGS = ((RAW,), (PUBLISHED, RAW))
    """A sentence about the laboratories' recordings."""
    SIMULATED_CELLS = ((RAW,), (PHANTOM,))
    """A value of the preprint's model of simulated cells, which learned from simulated images by design."""
    COUNT = ((RAW,), None)
    """A published number of files, frames or cells; no model has part in it."""

    @classmethod
    def of_run(cls, published_as: str | None) -> Question:
        """Return what a validation run answers, by the name it was published under."""
        return cls.SIMULATED_CELLS if published_as == SIMULATED_RUN else cls.RECORDINGS


@dataclass(frozen=True)
class Basis:
    """What a number rests on.

    Attributes:
        evaluated: origins of the images it was counted on; empty where no record says.
        learned: origins of the images its model learned from; None where no model has part in it.
        adopted: the model is a checkpoint that was not trained here.
        remarks: sentences about the method, which stand with the model and not as caveats of each of its runs.
    """

    evaluated: tuple[str, ...]
    learned: tuple[str, ...] | None = None
    adopted: bool = False
    remarks: tuple[str, ...] = ()

    @classmethod
    def of_metrics(cls, metrics: Mapping[str, Any]) -> Basis:
        """Return the basis of a run from its ``metrics.json``."""
        evaluated, learned = words(metrics.get("origin")), words(metrics.get("learned_from"))
        return cls(evaluated, learned, bool(metrics.get("adopted")), tuple(metrics.get("remarks") or ()))

    @classmethod
    def of_training(cls, record: Mapping[str, Any]) -> Basis:
        """Return the basis of a training's own validation values from its ``training.json``: one dataset's images."""
        learned, start = words(record.get("learned_from")), record.get("weights") or {}
        return cls(learned, learned, bool(start.get("adopted")), tuple(record.get("remarks") or ()))

    @property
    def origins(self) -> tuple[str, ...]:
        """All of them, for a mark on a picture."""
        return tuple(sorted({*self.evaluated, *(self.learned or ())}))

    @property
    def text(self) -> str:
        """Where both come from, for a note."""
        evaluated, learned = text(self.evaluated), text(self.learned)
        return (
            evaluated if self.learned in (None, self.evaluated) else f"evaluated on {evaluated}, learned from {learned}"
        )


NOTHING = Basis(())
"""The basis of no number."""
ADOPTED = Basis((UNKNOWN,), (UNKNOWN,), adopted=True)
"""The basis of what a checkpoint's own training measured."""


@dataclass(frozen=True)
class Decision:
    """Whether a number answers a question.

    Attributes:
        decides: it does.
        missing: what stands against it, in words, empty if it does.
    """

    decides: bool
    missing: tuple[str, ...]

    @property
    def because(self) -> str:
        """What stands against it, as one clause."""
        return _joined(self.missing)

    def verdict(self, found: str) -> str:
        """Return a verdict that was found, or that nothing is decided and why."""
        return found if self.decides else f"{UNDECIDED}: {self.because}"


def decide(question: Question, *bases: Basis) -> Decision:
    """Say whether numbers may answer a question about the preprint; several of one statistic must each.

    Args:
        question: what is asked.
        bases: of the numbers the answer is counted from; none at all decides nothing.
    """
    evaluated, learned = question.value
    missing = [] if bases else ["no number was counted"]
    for basis in bases:
        elsewhere = question is Question.TRAINING and basis.adopted
        found = (
            [] if elsewhere else _evaluated(basis, evaluated, "counted" if question is Question.COUNT else "evaluated")
        )
        found += _learned(basis, learned) if learned else []
        if question is Question.TRAINING and not found and basis.evaluated != basis.learned:
            found = ["evaluated on other images than it learned from"]
        if question is Question.TRAINING and RECUT in basis.remarks:
            found += ["evaluated on images composed anew of cells that were cut out of published images"]
        missing += found
    return Decision(not missing, tuple(dict.fromkeys(missing)))


def _evaluated(basis: Basis, allowed: Sequence[str], verb: str) -> list[str]:
    """Return what is wrong with what was evaluated on, if anything is."""
    if _will_do(basis.evaluated, allowed):
        return []
    return [
        f"{verb} {_images(basis.evaluated, allowed, 'on')}" if basis.evaluated else f"no record says what was {verb} on"
    ]


def _learned(basis: Basis, allowed: Sequence[str]) -> list[str]:
    """Return what is wrong with what the model learned from, if anything is."""
    found = basis.learned or ()
    if _will_do(found, allowed):
        return []
    if basis.adopted and set(found) <= {UNKNOWN}:
        return ["the images the checkpoint learned from are unknown"]
    known = f"the model learned {_images(found, allowed, 'from')}"
    return [known if found else "no record says what the model learned from"]


def _will_do(found: Sequence[str], allowed: Sequence[str]) -> bool:
    return len(set(found)) == 1 and found[0] in allowed


def _images(found: Sequence[str], allowed: Sequence[str], word: str) -> str:
    """Name the origins that will not do; all of them, where each alone would."""
    wrong = set(found) - set(allowed) or set(found)
    named = " and ".join(IMAGES.get(name, name) for name in sorted(wrong))
    return f"{word} {named}" if wrong == set(found) else f"partly {word} {named}"


def _joined(missing: Sequence[str]) -> str:
    for name in IMAGES.values():
        if set(missing) == {f"evaluated on {name}", f"the model learned from {name}"}:
            return f"evaluated on and learned from {name}"
    return "; ".join(missing)


def caveats(basis: Basis) -> list[str]:
    """Return what a reader of a run's numbers must know of their basis, one sentence each."""
    real = (PUBLISHED, RAW)
    evaluated, learned = _evaluated(basis, real, "evaluated"), _learned(basis, real)
    sentences = [_sentence(evaluated + learned, "no number here reproduces a published one")] if evaluated else []
    if learned and not evaluated:
        sentences = [_sentence(learned, "its numbers are not those of one that learned from a laboratory’s cells")]
    return sentences


def limits(basis: Basis) -> list[str]:
    """Return what the user of a model must know of what it learned from, one sentence each."""
    learned = _learned(basis, (PUBLISHED, RAW))
    consequence = "no number here reproduces a published one, and none says how it does on a laboratory’s recordings"
    return [*([_sentence(learned, consequence)] if learned else []), *basis.remarks]


def _sentence(missing: Sequence[str], consequence: str) -> str:
    clause = _joined(missing)
    return f"{clause[0].upper()}{clause[1:]}: {consequence}."


def rebuilt(question: Question, basis: Basis) -> str:
    """Return how far a published training or run was rebuilt, in words; ``rebuilt`` only where it decides."""
    decision = decide(question, basis)
    if basis.adopted and not decision.decides:
        return f"checkpoint adopted, not trained here: {decision.because}"
    return "rebuilt" if decision.decides else f"method rerun: {decision.because}"


def made_from(origins: str | Iterable[str] | None, remarks: Iterable[str] = ()) -> str:
    """Return what images of a dataset are, for a note; remarks tell of published cells."""
    found = words(origins)
    if PUBLISHED in found and RECUT in remarks:
        others = [one for one in found if one != PUBLISHED]
        return f"images composed here from published{f' and {text(others)}' if others else ''} cells"
    if set(found) & {PUBLISHED, UNKNOWN}:
        return " and ".join(IMAGES.get(name, name) for name in found)
    return f"images made from {text(found)} cells" if found else "images of no recorded origin"


def words(origins: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return an ``origin`` entry, a word or several, of a record or of the configuration, as sorted words of ORIGINS.

    Words that are none of them are kept; what is no word at all says nothing.
    """
    given = [origins] if isinstance(origins, str) else origins if isinstance(origins, Iterable) else []
    return tuple(sorted({ACCESS.get(word, word) for word in given if isinstance(word, str) and word}))


def of_row(value: Any) -> tuple[str, ...]:
    """Return the origins in a cell of a table, none where it is empty."""
    return tuple(value.split(SEPARATOR)) if isinstance(value, str) and value else ()


def meaning(word: str) -> str:
    """Return what an origin stands for."""
    return MEANING.get(word, word)


def text(origins: str | Iterable[str] | None) -> str:
    """Return an ``origin`` entry in the words of a reader, for a note of a figure."""
    return SEPARATOR.join(names.ORIGINS.get(word, word) for word in words(origins)) or "origin not recorded"
