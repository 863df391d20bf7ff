"""Sentences of the page against the files; the whole workflow's page is read in `test_workflow.py`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from page_sentences import SENTENCES, Sentence, wrong, wrong_matrix
from rbcflow.report.build import build
from report_tree import write_tree


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The page of the small results folder, and the folder."""
    tree = write_tree(tmp_path_factory.mktemp("tree"))
    build(tree.results, tree.results / "report.html", **tree.arguments())
    return (tree.results / "report.html").read_text(encoding="utf-8"), tree.results


def test_the_page_says_what_the_files_say(made: tuple[str, Path]):
    assert wrong(*made) == []
    assert wrong_matrix(*made) == []


def test_a_wrong_number_in_the_table_of_models_is_noticed(made: tuple[str, Path]):
    page, results = made
    for shown in ('data-class="90 (85–95)|', 'data-native-one="44 (39–49)|', 'data-one="88|'):
        assert shown in page
        assert wrong_matrix(page.replace(shown, shown.replace("9", "8").replace("88|", "87|")), results)


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda sentence: sentence.name)
def test_a_wrong_number_is_noticed(made: tuple[str, Path], sentence: Sentence):
    """The last sign of each number or name in turn is another one, or the sentence is taken away."""
    groups = re.compile(sentence.pattern).groups

    def spoiled(group: int):
        def change(_: Sentence, text: str) -> str:
            found = re.search(sentence.pattern, text)
            if found is None or (group and found[group] is None):
                return text
            if not group:
                return text.replace(found[0], "")
            end, last = found.end(group), found[group][-1]
            return text[: end - 1] + ("1" if last == "0" else "0" if last.isdigit() else "x") + text[end:]

        return change

    for group in range(groups + 1):
        assert wrong(*made, [sentence], spoiled(group)), f"group {group}"
