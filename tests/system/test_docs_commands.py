"""Commands of the documentation: what they name is there, as printed. Nothing is run but Python."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import cv2
import pytest
import yaml

from project_copy import PROJECT
from rbcflow.config import load
from recordings_inputs import draw_recording

PAGES = [PROJECT / "README.md", PROJECT / "config/README.md", *sorted((PROJECT / "docs").glob("*.md"))]
RULES = {
    path: path.read_text() for path in [PROJECT / "Snakefile", *sorted((PROJECT / "workflow/rules").glob("*.smk"))]
}
PATHS = PROJECT / "workflow/scripts/rbcflow/plan/paths.py"
NAMES = {name for text in RULES.values() for name in re.findall(r"^(?:use )?rule (\w+)", text, re.MULTILINE)}


def written() -> list[tuple[str, str]]:
    """Return (page, command) of every snakemake command in the pages, in blocks of code or in a sentence."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = re.findall(r"^```(?:bash)?\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        lines = [line for block in blocks for line in re.sub(r"\\\n\s*", " ", block).splitlines()]
        outside = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
        lines += re.findall(r"`([^`\n]+)`", outside)
        commands = [line.split(" #")[0].strip() for line in lines]
        found += [(page.name, line) for line in commands if re.match(r"(\.venv/bin/)?snakemake ", line)]
    return found


def outputs() -> list[re.Pattern]:
    """Return a pattern of every file that a rule makes."""
    texts = [*RULES.values(), PATHS.read_text()]
    files = {file for text in texts for file in re.findall(r'"<results>/([^"]+)"', text)}
    parts = [re.split(r"\{\{?[^}]*\}\}?", file) for file in files]
    return [re.compile("[^/]+".join(map(re.escape, own))) for own in parts]


MADE = outputs()


def test_there_are_commands():
    assert len(written()) > 20
    assert {page for page, _ in written()} >= {"README.md", "recordings.md", "targets.md", "configuration.md"}


@pytest.mark.parametrize(("page", "command"), written(), ids=lambda text: text[:60])
def test_a_command_names_what_there_is(page: str, command: str, monkeypatch):
    monkeypatch.chdir(PROJECT)
    words = shlex.split(command)[1:]
    if any("<" in word or word.endswith("...") for word in words):
        words = [word for word in words if "<" not in word and not word.endswith("...")]
    # takes half a second to import, in every process that collects the tests
    from snakemake.cli import parse_args

    _, asked = parse_args(words)
    for target in asked.targets:
        known = target in NAMES or any(pattern.fullmatch(target.removeprefix("results/")) for pattern in MADE)
        assert known, target
    assert all(Path(file).is_file() or file.name == "my.yaml" for file in asked.configfile or [])
    assert not asked.workflow_profile or any(Path(asked.workflow_profile).glob("profile*.yaml"))
    keys = dict(item.split("=", 1) for item in asked.config or [])
    values = {name: yaml.safe_load(value) for name, value in keys.items()}
    load(yaml.safe_load((PROJECT / "config/config.yaml").read_text()) | values)


def test_make_has_the_targets_that_pages_name():
    heads = re.findall(r"^([\w -]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    targets = {name for head in heads for name in head.split()}
    named = {name for page in PAGES for name in re.findall(r"`make ([\w-]+)", page.read_text(encoding="utf-8"))}
    assert named and named <= targets


def test_every_rule_says_what_it_does():
    for path, text in RULES.items():
        rules = re.findall(r"^ *(?:use )?rule(?: \w+)?(?: as \w+ with)?:\n(.*)$", text, re.MULTILINE)
        heads = re.findall(r"^ *(?:use )?rule\b.*:$", text, re.MULTILINE)
        assert len(rules) == len(heads)
        silent = [head for head, first in zip(heads, rules, strict=True) if not first.strip().startswith('"""')]
        assert not silent, (path.name, silent)


@pytest.mark.slow
def test_three_lines_of_python_find_cells(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (lines,) = re.findall(
        r"^```python\n(.*?)^```$", (PROJECT / "docs/targets.md").read_text(), re.MULTILINE | re.DOTALL
    )
    assert len(list(filter(None, lines.splitlines()))) == 3
    simulated = draw_recording(frames=4, seed=5)
    cv2.imwrite("frame.png", simulated.images[3][1])
    found: dict = {}
    exec(lines, found)
    assert len(found["cells"]) >= (simulated.boxes["frame"] == 3).sum() > 0
    assert {"class", "conf", "cell", "x0", "y0", "x1", "y1"} <= set(found["cells"])
