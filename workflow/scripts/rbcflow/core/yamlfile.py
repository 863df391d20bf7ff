"""YAML tables, read so that a broken one is named (configuration, registry of figures, weights, published values)."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from rbcflow.core.errors import InputError
from rbcflow.core.textfile import read_text

MERGE = "tag:yaml.org,2002:merge"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # the one in C takes a tenth of the time
    """The safe loader, which by itself takes the last of two equal keys and says nothing."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return a mapping with each key once."""
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            # `<<` takes in another mapping, and may stand more than once
            if key_node.tag == MERGE:
                continue
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} twice", key_node.start_mark)
            if isinstance(key, Hashable):
                seen.add(key)
        return super().construct_mapping(node, deep)


def parse_yaml(path: Path, meaning: str = "a YAML table") -> Any:
    """Return what a YAML file holds.

    Raises:
        InputError: the file is missing, no text, no YAML, or has a key twice; names the line.
    """
    text = read_text(path, meaning)
    try:
        return yaml.load(text, _Loader)
    except ValueError as error:
        expected = "valid YAML; text that looks like a date or a number stands in quotes"
        raise InputError(path, f"a value that is none ({error})", expected) from None
    except yaml.YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        where = f"line {mark.line + 1}" if mark else None
        if problem and problem.endswith("twice"):
            raise InputError(path, problem, "each key once", where) from None
        found = f"text that is not YAML ({problem})" if problem else "text that is not YAML"
        raise InputError(path, found, "valid YAML", where) from None


def read_yaml(path: Path) -> dict:
    """Return a YAML mapping.

    Raises:
        InputError: as ``parse_yaml``, or the file is not a mapping.
    """
    data = parse_yaml(path)
    if not isinstance(data, dict) or not data:
        raise InputError(path, type(data).__name__, "a mapping of names to entries")
    return data


def check_once(path: Path) -> list[Any]:
    """Return the keys of a configuration file, JSON or YAML, in which no key may stand twice.

    Snakemake itself takes the last of two.

    Raises:
        InputError: as ``parse_yaml``, or the JSON has a key twice.
    """
    text = read_text(path, "a configuration, JSON or YAML")
    try:
        said = json.loads(text, object_pairs_hook=lambda pairs: _each_once(path, pairs))
    except ValueError:
        # a template of YAML becomes keys only when Snakemake fills it in
        template = re.search("^__use_yte__:", text, re.MULTILINE)
        said = {} if template else parse_yaml(path, "a configuration, JSON or YAML")
    return list(said) if isinstance(said, dict) else []


def _each_once(path: Path, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if twice := next((key for key in keys if keys.count(key) > 1), None):
        raise InputError(path, f"key {twice!r} twice", "each key once")
    return dict(pairs)
