"""Tables of the long comparisons about the variant ``universal``: ``make ablation``, ``laboratories`` and ``seeds``.

``python -m rbcflow.config.protocol ablation FOLDER`` writes a configuration with the tables it names, so that dozens of
trainings that differ in one thing need no dozens of rows in the project. Each variant is trained with every seed, each
seed being a model of its own, evaluated like the shipped detector (``config/universal/``).
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from rbcflow.config.run import Run
from rbcflow.datasets.domain import INGREDIENTS, NOT_ALONE
from rbcflow.training.short import IMAGES, TRAINING

BANKS = ("simulated", "nouaman2024", "kihm2018", "liang2024")
"""The sources of cells; leaving one out asks what a laboratory's own cells add, for itself and for others."""

SEEDS = (0, 1, 2)

TESTSETS = {
    "ablation": ("flow_public", "stress_naples", "stress_saarland"),
    "laboratories": ("flow_public", "naples", "saarland_donors"),
    "seeds": ("flow_public", "naples", "saarland_donors", "stress_naples", "stress_saarland"),
}
"""What each protocol evaluates on: an ingredient shows on disturbed frames, a laboratory's cells on recordings."""

WHOLE = ("seeds",)
"""Protocols at the scale of the shipped detector, evaluated on disturbed frames with the size fitted too."""

THREADS = 1
"""Of a training: two side by side are faster than one with two."""

Compositions = Mapping[str, dict[str, Any]]
"""Rows of a table of variants, by name."""


def ablation() -> Compositions:
    """Return the whole variant, none of its ingredients, each that can be alone, and all but each."""
    off = {key: value for part in INGREDIENTS.values() for key, value in part.items()}
    domains: dict[str, dict] = {"whole": {}, "bare": off}
    for name, part in INGREDIENTS.items():
        domains[f"without_{name}"] = part
        if name not in NOT_ALONE:
            domains[f"only_{name}"] = {key: value for key, value in off.items() if key not in part}
    banks = list(BANKS[:2])
    return {
        name: {"title": name.replace("_", " "), "banks": banks, "compose": {"preset": "universal", "domain": domain}}
        for name, domain in domains.items()
    }


def laboratories() -> Compositions:
    """Return the variant from the cells of all sources, of all but one, and of simulated cells alone."""
    sources = {"all_sources": list(BANKS), "simulated_alone": ["simulated"]}
    sources |= {f"without_{left}": [bank for bank in BANKS if bank != left] for left in BANKS}
    return {
        name: {"title": name.replace("_", " "), "banks": banks, "compose": {"preset": "universal"}}
        for name, banks in sources.items()
    }


def seeds() -> Compositions:
    """Return the shipped variant alone."""
    return {"universal": {"title": "universal", "banks": list(BANKS[:2]), "compose": {"preset": "universal"}}}


PROTOCOLS = {"ablation": ablation, "laboratories": laboratories, "seeds": seeds}


def write(protocol: str, folder: Path, recipe: Path = Path("config/universal")) -> Path:
    """Write the tables of a protocol and the configuration that names them.

    Args:
        protocol: a key of ``PROTOCOLS``.
        folder: is created; gets ``config.yaml``, ``variants.yaml``, ``models.yaml``, ``runs.tsv``.
        recipe: tables of the shipped detector: its training is everybody's, its test sets too.

    Returns:
        The configuration.
    """
    folder.mkdir(parents=True, exist_ok=True)
    variants = PROTOCOLS[protocol]()
    training = yaml.safe_load((recipe / "models.yaml").read_text(encoding="utf-8"))["universal"]["training"]
    if protocol not in WHOLE:
        training |= TRAINING | {"overrides": training["overrides"] | TRAINING["overrides"]}
    models = {
        f"{variant}_s{seed}": {
            "title": row["title"],
            "variant": variant,
            "training": training | {"seeds": [seed], "evaluated": "first"},
        }
        for variant, row in variants.items()
        for seed in SEEDS
    }
    for name, table in (("variants", variants), ("models", models)):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(dict(table), sort_keys=False), encoding="utf-8")
    with (folder / "runs.tsv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, delimiter="\t", lineterminator="\n")
        rows.writerow(Run.model_fields)
        rows.writerows(
            (f"{model}-on-{testset}{'' if size == 'native' else f'-at-{size}'}", model, testset, "", size, "grey")
            for model in models
            for testset in TESTSETS[protocol]
            for size in sizes(protocol, testset)
        )
    tables = {name: str(folder / f"{name}.yaml") for name in ("variants", "models")}
    tables |= {"runs": str(folder / "runs.tsv"), "testsets": str(recipe / "testsets.yaml")}
    config = yaml.safe_load((recipe.parent / "universal.yaml").read_text(encoding="utf-8"))
    config |= {"pathvars": {"results": f"results/{protocol}-build"}, "tables": tables}
    config |= {} if protocol in WHOLE else {"images": dict(IMAGES)}
    config["training"] = config.get("training", {}) | {"threads": THREADS}
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return path


def sizes(protocol: str, testset: str) -> tuple[str, ...]:
    """Return the sizes at which a protocol shows the frames of a test set."""
    return ("native", "fitted") if protocol in WHOLE and testset.startswith("stress") else ("native",)


if __name__ == "__main__":
    print(write(sys.argv[1], Path(sys.argv[2])))
