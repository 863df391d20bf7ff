"""What the preprint's repository shows as pictures and tables, and what stands for it here (rule ``render_report``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rbcflow.core.errors import InputError
from rbcflow.core.yamlfile import parse_yaml

NAME = "paper/published_items.yaml"
NO_FIGURE = "no figure of this registry rebuilds it"
KEYS = {"item", "files", "by", "without", "remark"}


@dataclass(frozen=True)
class Item:
    """A published picture or table, or a row of alike ones.

    Attributes:
        item: its path in the preprint's repository, or a notebook and what it shows.
        files: how many there are.
        figures: ids of the figures that rebuild it.
        by: a file with the same content, where no figure does.
        without: why nothing stands for it.
        remark: in what the counterpart differs.
    """

    item: str
    files: int
    figures: tuple[str, ...] = ()
    by: str = ""
    without: str = ""
    remark: str = ""


def read_items(path: Path, registry: Sequence[Mapping[str, Any]]) -> list[Item]:
    """Return the published items with the figures that rebuild them; none where there is no such list.

    Args:
        path: ``paper/published_items.yaml``.
        registry: entries of the registry of figures with ``id`` and ``rebuilds``. One's own may leave figures out.

    Raises:
        InputError: a row has an unknown key or lacks one, or an item stands there twice.
    """
    if not path.is_file():
        return []
    rows = parse_yaml(path, "the list of published items")
    if not isinstance(rows, list):
        raise InputError(path, f"a {type(rows).__name__}", "a list of items")
    items = [_item(path, row, registry) for row in rows]
    names = [item.item for item in items]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(path, f"{twice[0]} twice", "each item once")
    return items


def _item(path: Path, row: Any, registry: Sequence[Mapping[str, Any]]) -> Item:
    if not isinstance(row, dict) or not {"item", "files"} <= row.keys() <= KEYS:
        raise InputError(path, f"{row!r:.80}", f"item and files, and of {', '.join(sorted(KEYS))}")
    where = f"item {row['item']}"
    if not isinstance(row["files"], int) or row["files"] < 1:
        raise InputError(path, f"files {row['files']!r}", "how many there are", where)
    if {"by", "without"} <= row.keys():
        raise InputError(path, "by and without", "one of them", where)
    figures = tuple(str(entry["id"]) for entry in registry if row["item"] in (entry.get("rebuilds") or ()))
    told = {key: value.strip() if isinstance(value, str) else value for key, value in row.items()}
    if not figures and not {"by", "without"} & told.keys():
        told["without"] = NO_FIGURE
    return Item(figures=figures, **told)


def unaccounted(items: Sequence[Item], registry: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what is not settled: items with no counterpart or two kinds of one, and figures that rebuild no item."""
    wrong = [item.item for item in items if item.without == NO_FIGURE or (item.figures and (item.by or item.without))]
    names = {item.item for item in items}
    return wrong + [name for entry in registry for name in entry.get("rebuilds") or () if name not in names]


def count_files(items: Sequence[Item]) -> dict[str, int]:
    """Return how many published files there are, how many a figure or a file here stands for, and how many nothing."""
    return {
        "all": sum(item.files for item in items),
        "figure": sum(item.files for item in items if item.figures),
        "file": sum(item.files for item in items if item.by),
        "without": sum(item.files for item in items if item.without),
    }


def listed(items: Sequence[Item]) -> str:
    """Return in lines how many published files have a counterpart, and which have none and why."""
    without = [f"  {item.item} ({item.files}): {item.without}" for item in items if item.without]
    kinds = "{all} published files: {figure} with a figure, {file} with a file of the same content, {without} without"
    return "\n".join([kinds.format(**count_files(items)), *without])


if __name__ == "__main__":
    print(listed(read_items(Path(NAME), parse_yaml(Path("paper/figures.yaml"), "the registry of figures"))))
