"""The report as HTML: what it states, what it escapes, that it is the same twice, and that gaps do not break it."""

from __future__ import annotations

import copy
import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest

from rbcflow.report.build import TEMPLATES, build
from report_tree import UNDECIDED, Tree, write_json, write_text, write_tree

HOSTILE = "<script>alert(1)</script>\"'> <img src=x onerror=alert(2)> \u202eשלום"


def words(html: str) -> str:
    """Return the text a reader sees, with single blanks, without style, script and pictures."""
    html = re.sub(r"<(style|script)\b[^>]*>.*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", html))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return write_tree(tmp_path_factory.mktemp("tree"))


@pytest.fixture(scope="module")
def html(tree: Tree) -> str:
    build(tree.results, tree.project / "report.html", **tree.arguments())
    return (tree.project / "report.html").read_text(encoding="utf-8")


def changed(tree: Tree, tmp_path: Path) -> Tree:
    """Return a copy of a tree that a test may spoil."""
    shutil.copytree(tree.project, tmp_path / "copy")
    arguments = copy.deepcopy(tree.arguments())
    return Tree(tmp_path / "copy/results", **{**arguments, "project": tmp_path / "copy"})


def rendered(tree: Tree) -> str:
    build(tree.results, tree.project / "report.html", **tree.arguments())
    return (tree.project / "report.html").read_text(encoding="utf-8")


def test_two_renderings_are_the_same_bytes(tree: Tree, html: str, tmp_path: Path) -> None:
    assert rendered(changed(tree, tmp_path)) == html


@pytest.mark.parametrize(
    "sentence",
    [
        "Phantom data feed this page.",
        "the detector finds 36 of 40 true boxes at IoU 0.45 (recall 0.900) and adds 5 boxes that find none",
        "Of these, 1 is a second box on a cell that is found, 1 overlaps a cell too little, and 3 lie",
        "0.25 on each of the 4 empty frames",
        "87.5 % of the 36 found boxes get the right class.",
        "87.5 % of the 36 found boxes get the class that was named by eye.",
        "With classes ignored, AP50 is 0.951, AP75 0.810 and AP50-95 0.700; with classes, mAP50 is 0.900, mAP75 0.750",
        # 36 of 41 boxes are on a cell, with one box a cell 36 of 37
        "precision is 0.973 at recall 0.900 (1 false alarm instead of 5), F1 0.935 instead of 0.889, AP50",
        "Of 27 whole cells among them, boxes differ from the true ones in the median by +6.2 px in width and 0.0 px in",
        "(sides 1.18 times the true ones), centres by \N{MINUS SIGN}1.5 px to the right and +0.2 px down",
        "This test set is unavailable: the laboratory's stacks are not here.",
        "The dataset was not made: datasets/synthetic/metadata.csv does not exist.",
        "Example images: synthetic was not drawn (figures/examples/synthetic.png does not exist).",
        "3 jobs of 2 rules took 1 min 04 s in all",
        "n = 4: not interpretable",
        "The detector saw frames at the size of its training, as Ultralytics validates: long side 224 px, 0.5 times",
        "The median true cell is then 20.0 px across, 0.80 times the training's 25.0 px.",
        "0.900 (0.80 to 1.00)",
        "20 images: 12 train, 4 val, 4 test.",
    ],
)
def test_sentences_state_the_numbers_of_the_files(html: str, sentence: str) -> None:
    assert sentence in words(html).replace("&#39;", "'")


def test_phantom_results_are_never_called_rebuilt(html: str) -> None:
    table = html.split('id="rebuilt"')[1].split("</table>")[0]
    assert "method rerun: judged on and learned from simulated images" in table
    assert "state-done" not in table


@pytest.mark.parametrize(
    ("learned", "adopted", "train13", "val28"),
    [
        ("published", False, "rebuilt", "method rerun: judged on simulated images"),
        ("unknown", True, "checkpoint adopted, not trained here", "checkpoint adopted, not trained here"),
        ("raw", False, "rebuilt", "method rerun: judged on simulated images"),
    ],
)
def test_only_what_decides_is_called_rebuilt(
    tree: Tree, tmp_path: Path, learned: str, adopted: bool, train13: str, val28: str
) -> None:
    spoiled = changed(tree, tmp_path)
    for path in spoiled.results.rglob("*.json"):
        values = json.loads(path.read_text())
        if "learned_from" in values:
            weights = {"weights": {"source": "a.pt", "adopted": adopted}} if path.name == "training.json" else {}
            write_json(path, values | {"learned_from": [learned], "adopted": adopted} | weights)
    page = rendered(spoiled)
    table = page.split('id="rebuilt"')[1].split("</table>")[0]
    states = dict(re.findall(r"<tr>\s*<td><code>(\w+)</code>.*?state-\w+\">([^<]+)<", table, flags=re.DOTALL))
    assert states["train13"].split(": the")[0] == train13
    assert states["val28"].startswith(val28)
    assert ("A checkpoint that was not trained here" in page) is adopted


def test_no_banner_without_phantoms(tree: Tree, tmp_path: Path) -> None:
    spoiled = changed(tree, tmp_path)
    for path in spoiled.results.rglob("*.json"):
        path.write_text(path.read_text().replace('"phantom"', '"raw"'))
    page = rendered(spoiled)
    assert "Phantom data feed this page" not in page
    assert "state-done" in page.split('id="rebuilt"')[1].split("</table>")[0]


def test_every_figure_is_marked_and_has_its_provenance(html: str) -> None:
    drawn = re.findall(r'<figure id="[^"]+" style.*?</figure>', html, flags=re.DOTALL)
    assert len(drawn) == 12
    for figure in drawn:
        assert 'class="badge badge-phantom"' in figure
        assert "draw_figure" in figure
        assert "sha256" in figure


def test_numbers_on_stand_in_classes_are_starred(html: str) -> None:
    assert "0.900*" in html and "0.600*" in html


def test_a_mean_without_a_class_is_marked(html: str) -> None:
    """The run on the public recordings has four true boxes of class other, which its detector cannot name."""
    assert "0.900*†" in html and "† the detector cannot name every class" in html
    assert "mAP50-95 0.600 (without class other, which the detector cannot name)" in words(html)
    assert html.count("the detector cannot name this class") == 1


@pytest.mark.parametrize("n", [0, 4])
def test_few_boxes_give_no_ratio_in_the_headline(tree: Tree, tmp_path: Path, n: int) -> None:
    spoiled = changed(tree, tmp_path)
    path = spoiled.results / "validation/random-on-saarland_donors/metrics.json"
    data = json.loads(path.read_text())
    data["interpretable"], data["n_boxes"]["total"] = False, n
    write_json(path, data)
    assert (
        f"n = {n}: not interpretable"
        in rendered(spoiled).split('class="sortable n-last asc headline"')[1].split("</table>")[0]
    )


def test_unjudged_classes_leave_dashes(tree: Tree, tmp_path: Path) -> None:
    spoiled = changed(tree, tmp_path)
    path = spoiled.results / "validation/random-on-saarland_donors/metrics.json"
    data = json.loads(path.read_text())
    data["coco"]["map50"] = data["coco"]["map50_95"] = data["classification"]["accuracy"] = None
    data["operating_point"] = {"any": data["operating_point"]["any"]}
    write_json(path, data)
    run = rendered(spoiled).split('id="run-random-on-saarland_donors"')[1].split("</section>")[0]
    assert "with classes, mAP50" not in run and "right class" not in run and "<table" not in run
    assert "AP50 is 0.951" in words(run)


def test_empty_results_give_a_page_of_gaps(tree: Tree, tmp_path: Path) -> None:
    empty = Tree(tmp_path / "results", **{**tree.arguments(), "project": tmp_path})
    page = words(rendered(empty))
    for gap in (
        "The dataset was not made",
        "The model was not trained",
        "This test set is absent",
        "No benchmark file was found",
        "No stage left a provenance record",
        "has no CITATION.cff",
    ):
        assert gap in page


def test_unavailable_source_states_its_reason(tree: Tree, tmp_path: Path) -> None:
    spoiled = changed(tree, tmp_path)
    path = spoiled.results / "raw/flow_public/source.json"
    write_json(path, {**json.loads(path.read_text()), "status": "unavailable", "reason": "the index did not answer"})
    assert "The files of flow_public are unavailable: the index did not answer." in words(rendered(spoiled))


def test_bad_files_that_are_left_out_are_counted(tree: Tree, tmp_path: Path) -> None:
    assert "bad left out" not in words(rendered(tree))
    spoiled = changed(tree, tmp_path)
    path = spoiled.results / "raw/flow_public/source.json"
    write_json(path, {**json.loads(path.read_text()), "skipped": [{"file": "a.h5", "reason": "cut"}] * 3})
    assert "3 bad left out" in words(rendered(spoiled))


def test_hostile_text_stays_text(tree: Tree, tmp_path: Path) -> None:
    spoiled = changed(tree, tmp_path)
    spoiled.config["testsets"]["naples"]["title"] = HOSTILE
    spoiled.config["variants"]["random"]["title"] = HOSTILE
    for row in spoiled.sources.values():
        row.update(title=HOSTILE, licence=HOSTILE, access=HOSTILE, reference=HOSTILE)
    for entry in spoiled.registry:
        entry.update(title=HOSTILE, caption=HOSTILE, rebuilds=HOSTILE)
    for path in spoiled.results.rglob("*.json"):
        data = json.loads(path.read_text())
        data = {k: HOSTILE if k in {"reason", "rule", "commit"} else v for k, v in data.items()}
        if "params" in data:
            data.update(params={HOSTILE: [HOSTILE]}, versions={HOSTILE: HOSTILE}, wildcards={HOSTILE: HOSTILE})
            data["inputs"] = {HOSTILE: {"path": HOSTILE, "sha256": HOSTILE}}
        write_json(path, data)
    cells = spoiled.results / "cells/nouaman2024/cells.csv"
    quoted = HOSTILE.replace('"', '""')
    write_text(cells, cells.read_text().replace("donor_1", f'"{quoted}"').replace("touches_edge\n", f'"{quoted}"\n'))
    for name in ("tables/claims.csv", "errors/random-on-flow_public/errors.csv"):
        table = spoiled.results / name
        head, first, rest = table.read_text().split("\n", 2)
        cells = first.split(",")
        # the third field: the claim's section, or the frame
        write_text(table, "\n".join([head, ",".join([*cells[:2], f'"{quoted}"', *cells[3:]]), rest]))
    page = rendered(spoiled)
    # the page's own script and the data of the error browser, which no browser runs
    assert re.findall(r"<script[^>]*>", page) == ['<script type="application/json" class="errors">', "<script>"]
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    attributes = re.findall(r'="([^"]*)"', page)
    assert not [value for value in attributes if value.startswith("alert")]


def test_claims_come_first_with_their_verdicts(html: str) -> None:
    assert html.index('id="claims"') < html.index('id="rebuilt"') < html.index('id="data"')
    ledger = html.split('id="claims"')[1].split("</table>")[0]
    assert re.findall(r'verdict-(\w+)"><b>(\d)</b> ([^<]+)<', ledger) == [
        ("good", "1", "holds"),
        ("bad", "1", "outside tolerance"),
        ("open", "1", "cannot tell"),
        ("open", "1", "changed by us"),
        ("open", "1", UNDECIDED),
    ]
    assert "true: right 96 % at 0.95<br>false: right 94 % at 0.8" in ledger
    # the link leads from the page to the project's file, wherever the results lie
    assert '<a href="../paper/deviations.md">paper/deviations.md</a>, row “drawn objects in the channel”' in ledger
    assert 'href="#prov-validation.2frandom-on-flow_public"' in ledger


def test_sections_stand_in_the_order_of_the_paper(html: str) -> None:
    order = re.findall(r'<section id="(\w+)"', html)
    assert order == [
        "top", "data", "cells", "datasets", "models", "validation", "generalisation", "errors", "speed", "provenance",
        "citation",
    ]  # fmt: skip


def test_missing_claims_and_errors_are_stated(tree: Tree, tmp_path: Path) -> None:
    spoiled = changed(tree, tmp_path)
    (spoiled.results / "tables/claims.csv").unlink()
    shutil.rmtree(spoiled.results / "errors")
    page = words(rendered(spoiled))
    assert "The claims ledger was not made: tables/claims.csv does not exist." in page
    assert "No errors were collected: the folder errors/ holds nothing for any run." in page


def test_models_away_from_home_have_a_row(html: str) -> None:
    table = html.split('id="generalisation"')[1].split("</table>")[0]
    assert words(table.split("<tbody>")[1].replace("</t", " </t")).split() == (
        ["random", "not", "run", "0.951", "0.951", "unavailable"]
    )


def test_vendored_script_is_the_one_recorded() -> None:
    folder = TEMPLATES / "vendor"
    digest = hashlib.sha256((folder / "sortable.min.js").read_bytes()).hexdigest()
    assert digest in (folder / "README.md").read_text()


def test_page_holds_nothing_to_fetch(html: str) -> None:
    sources = re.findall(r'\b(?:src|srcset|data-moving|poster)="([^"]{0,20})', html)
    assert sources and all(source.startswith("data:image/") for source in sources)
    assert "@import" not in html and not re.search(r"url\((?!data:|#tip|\"\$\{data\[)", html)
    assert len(html) < 15_000_000


PIXELS = """\
stage,name,recipe,fingerprint,expected_at,differs_first_at
raw,nouaman2024,aa,bb,toy,
dataset,random,aa,bb,,bank nouaman2024
"""


def test_pixels_are_stated_in_a_line_each(tree: Tree, tmp_path: Path) -> None:
    spoiled = changed(tree, tmp_path)
    write_text(spoiled.results / "tables/fingerprints.csv", PIXELS)
    write_text(spoiled.results / "tables/probe.csv", "drawn,fingerprint,as_committed\ncells,aa,True\nrandom,bb,False\n")
    html = rendered(spoiled)
    assert "<p>Pixels: differ from the committed ones, first at: bank nouaman2024.</p>" in html
    assert "Pixels: as committed (scale toy)." in html
    assert "This processor, or these versions of the packages, draw otherwise than committed: random." in words(html)
    write_text(spoiled.results / "tables/probe.csv", "drawn,fingerprint,as_committed\ncells,aa,True\nrandom,bb,True\n")
    assert "A probe of this processor drew 2 kinds of pictures as committed;" in words(rendered(spoiled))
