"""Typed rows of configuration and tables: what is wrong, or unknown, is answered with what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator

from rbcflow.core.errors import InputError

M = TypeVar("M", bound=BaseModel)


class Strict(BaseModel):
    """Base of all models here: unknown keys are errors, and so are truth values where a number belongs.

    Text that reads as a number is taken: inside a dictionary on the command line Snakemake makes text of every value.
    """

    model_config = ConfigDict(extra="forbid", validate_default=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_value_for_a_number(cls, value: object, field: ValidationInfo) -> object:
        numbers = cls.model_fields[field.field_name].annotation in (int, float)
        if numbers and isinstance(value, bool):
            raise ValueError("input should be a number")
        if isinstance(value, list) and any(isinstance(item, bool) for item in value):
            raise ValueError("items should be numbers or names")
        return value


RENAMED = {
    "segmenters": "segmentation",
    "origin": "access",
    "paths": "methods",
    "path": "local",
    "drawn": "simulated",
    "drawn_per_class": "simulated_per_class",
    "drawn_other": "simulated_other",
    "drawn_other_canvas": "simulated_other_canvas",
    "other_drawn_share": "other_simulated_share",
    # rules, which profiles name
    "draw_phantom": "simulate_phantom",
    "draw_practice": "simulate_practice",
    "draw_cells": "simulate_cells",
    "judge_claims": "evaluate_claims",
    "judge_recording": "evaluate_recording",
    "judge_retraining": "evaluate_retraining",
    "draw_judged": "draw_evaluated",
    "score_outlines_by_rules": "score_segmentation_by_rules",
    "score_outlines_by_networks": "score_segmentation_by_networks",
    "collect_errors": "collect_errors_*",
    "draw_run": "draw_run_*",
}
"""What keys, names and rules of older versions are called now."""


def did_you_mean(given: object, allowed: Iterable[str]) -> str:
    """Return the question whether another name was meant, one of an older version's or alike; empty if none is near."""
    names = list(allowed)
    now = RENAMED.get(str(given))
    guess = [now] if now in names else difflib.get_close_matches(str(given), names, n=1)
    return f"did you mean {guess[0]!r}?" if guess else ""


def validate(model: type[M], data: Any, path: Path, where: str = "") -> M:
    """Return data as a model.

    Args:
        model: what it should be.
        data: what a file says.
        path: the file, for the message.
        where: the row in it.

    Raises:
        InputError: the first thing that is wrong, with its key and what is allowed.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise _readable(error, model, path, where) from None


MISSING = 2
"""From this rank on nothing that is there is wrong."""


def _rank(one: Mapping[str, Any]) -> int:
    """Return the place of a complaint: an unknown key first, as one of an older version explains what else is wrong."""
    return {"extra_forbidden": 0, "missing": MISSING, "default_factory_not_called": MISSING + 1}.get(one["type"], 1)


def check_given(model: type[BaseModel], data: Any, path: Path, where: str = "") -> None:
    """Check what is there of data for a model, whatever is missing.

    Raises:
        InputError: a key or value is wrong, as `validate` says it.
    """
    try:
        model.model_validate(data)
    except ValidationError as error:
        if any(_rank(one) < MISSING for one in error.errors()):
            raise _readable(error, model, path, where) from None


def _readable(error: ValidationError, model: type[BaseModel], path: Path, where: str) -> InputError:
    """Turn pydantic's first complaint into one sentence with key, value and what is allowed."""
    first = min(error.errors(), key=_rank)
    key = ".".join(str(part) for part in (where, *first["loc"]) if part != "")
    if first["type"] == "extra_forbidden":
        allowed = _keys_at(model, first["loc"][:-1])
        hint = did_you_mean(first["loc"][-1], allowed)
        expected = f"{hint} allowed here: {', '.join(allowed)}".strip()
        return InputError(path, f"unknown key {key!r}", expected, f"key {key}")
    if first["type"] == "missing":
        return InputError(path, f"no key {key!r}", "this key, which has no default", f"key {key}")
    if first["type"] == "model_type":
        return InputError(path, f"{first['input']!r:.80}", "a mapping of keys to values", f"key {key}" if key else None)
    message = first["msg"].removeprefix("Value error, ")
    message = (message[0].lower() + message[1:]).removeprefix("input should be ")
    if first["loc"] and first["loc"][-1] == "access":
        message += "; whom to ask for the files is the key availability"
    now = RENAMED.get(str(first["input"]))
    if now and repr(now) in message:
        message = f"did you mean {now!r}? {message}"
    return InputError(path, repr(first["input"]), message, f"key {key}")


def _keys_at(model: type[BaseModel], location: tuple) -> list[str]:
    """Return the keys allowed at a place inside a model."""
    for part in location:
        field = model.model_fields.get(str(part))
        inner = field.annotation if field else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            break
        model = inner
    return list(model.model_fields)
