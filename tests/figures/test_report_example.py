"""The example of the report: it is as new as the page's templates, small, and whole without the files beside it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from browser import open_page
from project_copy import PROJECT
from rbcflow.report.build import build, page_digest
from report_tree import write_tree

EXAMPLE = PROJECT / "docs/example/report.html"


@pytest.fixture(scope="module")
def example() -> str:
    return EXAMPLE.read_text(encoding="utf-8")


def test_the_example_is_as_new_as_the_templates(example: str) -> None:
    found = re.search(r'<meta name="rbcflow-page" content="([0-9a-f]+)">', example)
    assert found and found[1] == page_digest(), "the page has changed: run `make report` and `make example`"


def test_the_example_is_small_and_leads_nowhere_that_is_not_there(example: str) -> None:
    assert EXAMPLE.stat().st_size < 3_000_000
    assert not re.search(r'<a href="(?!#|https?:)', example)
    assert 'data-moving="' not in example
    assert "docs/example/report.html" in (PROJECT / "README.md").read_text(encoding="utf-8").split("\n## ")[0]


@pytest.mark.browser
def test_an_example_of_a_report_opens(tmp_path: Path) -> None:
    """The report loses its animations and links, its pictures stay pictures."""
    spec = importlib.util.spec_from_file_location("make_example", PROJECT / "docs/example/make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    tree = write_tree(tmp_path)
    build(tree.results, tmp_path / "report.html", **tree.arguments())
    (tmp_path / "example.html").write_text(module.example((tmp_path / "report.html").read_text(encoding="utf-8")))
    with open_page(tmp_path / "example.html") as opened:
        page = opened.page
        assert page.locator("main > .gap").first.inner_text().startswith("Example.")
        page.evaluate("rbc.fillAll()")
        assert opened.undecoded() == []
        assert page.locator("figure img").count() == 17
        assert page.locator(".play").count() == 0
        page.locator("#errors").scroll_into_view_if_needed()
        page.locator(".tiles li").first.wait_for()
        assert opened.complaints == []
