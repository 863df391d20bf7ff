"""A row of `config/runs.tsv`, and the runs that are added to it."""

from __future__ import annotations

from pydantic import Field

from rbcflow.config.validation import Input, Size
from rbcflow.core.strict import Strict


class Run(Strict):
    """One row of `config/runs.tsv`."""

    run: str = Field(
        pattern=r"^[a-z0-9_]+-on-[a-z0-9_]+(-at-fitted)?$",
        description="<model>-on-<testset>, with the ending `-at-fitted` beside the same run at another size",
    )
    model: str
    testset: str
    published_as: str | None = None
    size: Size = "trained"
    input: Input = "recorded"
    companions: bool = Field(
        False, description="evaluated with every switch turned as well, as a run with a published name is"
    )


SWITCHES: dict[str, dict[str, str]] = {
    "at-native": {"size": "native"},
    "in-grey": {"input": "grey"},
}
"""What every published run is evaluated with besides its own settings: by the companion's suffix, columns of `Run`.

Where frames are grey already, grey is no switch.
"""


class Companion(Run):
    """A published run evaluated once more with a switch turned: numbers beside its own, no pictures and no claim."""

    run: str = Field(pattern=r"^[a-z0-9_]+-on-[a-z0-9_]+-(at|in)-[a-z0-9_]+$", description="<run>-<switch>")
    companion_of: str
    switch: str = Field(description="in a word: `native`, `grey`")
