"""Tables of the docs are what the code decides, and name all there is."""

from __future__ import annotations

import re

import pytest

from project_copy import PROJECT
from rbcflow.plan import documents
from rbcflow.plan.stages import STAGES


@pytest.mark.parametrize("page", documents.PAGES)
def test_a_page_has_the_tables_that_the_code_writes(page: str):
    text = (PROJECT / page).read_text(encoding="utf-8")
    assert documents.TABLE.search(text)
    assert documents.rewritten(text) == text, "run `make config`"


def test_every_table_stands_on_a_page():
    texts = [(PROJECT / page).read_text(encoding="utf-8") for page in documents.PAGES]
    assert {match[1] for text in texts for match in documents.TABLE.finditer(text)} == set(documents.TABLES)


def test_a_changed_table_is_written_anew():
    page = "before\n<!-- table: kinds -->\nold\n<!-- end -->\nafter\n"
    assert documents.rewritten(page) == f"before\n<!-- table: kinds -->\n{documents.kinds()}<!-- end -->\nafter\n"


def test_every_rule_file_belongs_to_a_stage_and_every_room_is_there():
    rules = {file.stem for file in (PROJECT / "workflow/rules").glob("*.smk")} - {"common"}
    assert {name for stage in STAGES for name in stage.rules} == rules
    library = PROJECT / "workflow/scripts/rbcflow"
    assert all((library / place).exists() for stage in STAGES for place in stage.library)


def test_the_page_of_targets_has_every_rule_that_is_asked_for_by_name():
    files = [PROJECT / "Snakefile", *(PROJECT / "workflow/rules").glob("*.smk")]
    parts = [part for file in files for part in re.split(r"^(?=rule )", file.read_text(), flags=re.MULTILINE)]
    # what makes no file can be asked for by its name alone
    named = {part.split(":")[0].removeprefix("rule ") for part in parts if part.startswith("rule ")
             and "\n    output:" not in part}  # fmt: skip
    page = (PROJECT / "docs/targets.md").read_text(encoding="utf-8").split("## By file")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == named
    assert len(named) > 3
