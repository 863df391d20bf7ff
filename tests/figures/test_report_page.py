"""The report as HTML: what it states, what it escapes, that it is the same twice, and that gaps do not break it."""

from __future__ import annotations

import copy
import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest

from page_sentences import text_of
from rbcflow.report.build import TEMPLATES, build
from report_tree import Tree, write_json, write_text, write_tree

HOSTILE = "<script>alert(1)</script>\"'> <img src=x onerror=alert(2)> \u202eשלום"


def words(html: str) -> str:
    """Return the text a reader sees when all is opened, with single blanks, without style, script and pictures."""
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


def test_without_the_shipped_tables_the_section_says_so(tree: Tree, tmp_path: Path) -> None:
    spoiled = changed(tree, tmp_path)
    shutil.rmtree(spoiled.project / "resources/universal")
    assert "The universal detector was not compared" in rendered(spoiled)


def test_a_page_has_the_labels_of_its_own_run(tree: Tree, html: str, tmp_path: Path) -> None:
    other = changed(tree, tmp_path)
    other.config["labels"] = {name: f"thing {number}" for number, name in enumerate(other.config["labels"])}
    assert "overlap on Saarland, all donors" in words(html)
    assert "overlap on Saarland, all donors" not in words(rendered(other))


def test_cells_of_published_images_are_told_from_recordings(tree: Tree, html: str, tmp_path: Path) -> None:
    own = changed(tree, tmp_path)
    own.config["files"] = ["config/config.yaml", "config/public.yaml"]
    said = ("cells cut out of the images that the preprint published.", "nobody has run it on the real one yet.")
    assert [text in rendered(own) for text in said] == [True, True]
    assert [text in html for text in said] == [False, False]


def test_two_renderings_are_the_same_bytes(tree: Tree, html: str, tmp_path: Path) -> None:
    assert rendered(changed(tree, tmp_path)) == html


@pytest.mark.parametrize(
    "sentence",
    [
        "Simulated: Saarland, whose recordings are not public. Simulated numbers show that the method runs; they",
        "Measured: public recordings of red cells.",
        "The detector finds 36 of 40 true boxes (recall 0.900) and adds 5 boxes that find none, 0.25 a frame",
        ": 1 second, 1 badly placed, 3 on background. Precision 0.878, with one box a cell 0.973 at recall 0.900.",
        "0.25 on each of the 4 empty frames",
        "87.5 % of the 36 found boxes get the right class.",
        "87.5 % of the 36 found boxes get the class that was named by eye.",
        "AP50 with classes ignored 0.951; mAP50 0.900, mAP50-95 0.600.",
        "Median overlap of a found cell with its box 0.83; sides 1.18 times the cell’s.",
        "36 of 40 cells found, 0.25 false positives a frame.",
        # 15 of 16 slippers and 18 of 20 parachutes are found: 2 of 20 are the larger share
        "10 % of parachutes are missed; 6 % of slippers are missed.",
        "mAP50 0.625 on composed validation images at epoch 2 of 3; the preprint printed 0.975.",
        "This test set is unavailable: the laboratory's stacks are not here.",
        "The dataset was not made: datasets/synthetic/metadata.csv does not exist.",
        "Example images: simulated cells was not drawn (figures/examples/synthetic.png does not exist).",
        "3 jobs of 2 rules took 1 min 04 s in all",
        "n = 4: not interpretable",
        "Frames seen at the size of the training: long side 224 px, 0.5 times the frame's.",
        "The median cell is then 20.0 px across, 0.80 times the training's 25.0 px.",
        "0.900 (0.80 to 1.00)",
        "20 images: 12 train, 4 val, 4 test.",
        "2 of 3 counts agree with Ultralytics and faster-coco-eval",
        "Play 3 frames",
        "1 of 2 datasets pixel for pixel as committed",
        "public recordings in grey public 2 recordings, 20 frames, 40 cells",
        "overlap this run’s best of the preprint’s kinds0.700 (0.60 to 0.80)0.800 (0.70 to 0.90)0.6000.50–",
        "universal0.875 (0.80 to 0.90)0.9500.9000.10–",
        "universal, size fitted0.876 (0.80 to 0.90)–0.9000.15–",
        "Naples universal 0.412 (0.467 with the size fitted)",
        "universal origin not recorded other frames: 3 recordings, 9 frames, 30 cells0.950 (0.90 to 1.00)–0.9000.10"
        "0.777",
        # of two equal ones the one with an interval
        "overlap this run’s best of the preprint’s kinds0.750 (0.70 to 0.80)–0.7000.200.511",
        # the intervals touch on public recordings; on the Saarland's the frames differ
        "Beside this run’s best detector of the preprint’s kinds, universal finds cells neither better nor worse, as "
        "far as intervals can tell, on public recordings in grey (0.875 against 0.700, clusters ignored 0.950 against "
        "0.800); undecided (too few recordings, or other frames) on Saarland, all donors in grey (0.950 against "
        "0.750).",
        "Of measured recordings there are only 2 recordings (public recordings); all else is simulated.",
        "trained 8 epochs on 4,321 images, 1,234 cells composed in many sizes,",
        "cells alone and from no frame of the recordings below: its cells are of the banks simulated and Saarland. "
        "Saarland’s donors below are held out, their laboratory is not:",
        "each of its final weights is the plain mean of the trained one and the starter’s. It is the mean of 3 such "
        "trainings that differ in the seed alone.",
        "In brackets: the shipped one, the mean of their weights.",
        "Some shipped numbers are of other frames than this run’s",
        "over all its classes: universal finds and names 0.777 of each class in the mean; this run’s best of the "
        "preprint’s kinds, plain, 0.522†; the starter, 0.600, on other frames.",
        "Beside the starter, universal finds cells neither better nor worse, as far as intervals can tell, on "
        "Saarland, all donors in grey (0.950 against 0.940).",
        "It reads how sure they are (their mean score); how far the network’s features lie from those of its training "
        "images, how much smaller cells are than there, how much larger cells are than there got no weight "
        "in the fit to all conditions.",
        "one that it cannot name counts 0.",
        "mean of the disturbed, stronger ones–0.4120.467",
        "3 trainings that differ in the seed alone (make seeds), AP50 in the mean ± their standard deviation: Naples "
        "0.900 ± 0.010 (0.888); Naples 0.860 ± 0.010 (0.888).",
        "side 0 to 12 px0.250400.75040–– side from 96 px0.5007––––",
        "Each ingredient alone and left out, 3 seeds each, 1,500 images and 2 epochs where the shipped training had "
        "4,321 and 8 (make ablation).",
        "In bold: the interval leaves out 0 (1 of 1: on Naples 0 above 0, 1 below). What the others do cannot be told "
        "from chance at this scale;",
        "variantNaples whole0.900 ± 0.010 without noise\N{MINUS SIGN}0.040 (\N{MINUS SIGN}0.062 to "
        "\N{MINUS SIGN}0.018)",
        "(1 where both order the conditions alike, 0 by chance): Naples 0.810; over the milder disturbances alone, "
        "Naples 0.400.",
        # of three valid conditions two were measured below 0.6
        "valid31020.5970.300 (Saarland, gamma 8)",
        "not valid21010.4750.100 (Naples, noise 60)",
        "Missed: called valid, although measured below 0.6: Saarland, gamma 8 (0.30, expected 0.88); "
        "Naples, motion 9 (0.59, expected 0.81).",
        "expected 0.30, measured 0.10, not valid: too noisy",
        "detector “overlap”: 3 epochs on 12 images, 1 seed (preprint: 20 on 4,000, 1)",
        "2 of 3 sentences and 1 of 2 printed values decided. Missing: recordings of Saarland.",
        "On the frames of this run, 1 of 3 sentences of the preprint would hold, 0 would not, and 0 cannot be told.",
        # a card: simulated value with interval, public one without
        "2 (1 to 3)",
        "\N{MINUS SIGN}0.5 no interval",
        "trainings that took the preprint 1.9 hours on a CPU",
        "Needed: recordings of Saarland (the group that made the recordings)",
        "By run: overlap on Saarland, all donors 2.",
        "Drawn to files beside this page: pairs.",
        "1 YOLO11 detector was trained on 12 composed images, with 4 others for validation and 4 for tests (root seed "
        "0, scheme grouped) and evaluated in 3 runs above",
        "Of the 4 records of validation, 1 is of companions (of predictions likewise): published runs evaluated a "
        "second time, 1 in grey; where runs",
        "Red blood cells were cut out of 1 source (Saarland; all simulated) and pasted onto synthetic backgrounds",
    ],
)
def test_sentences_state_the_numbers_of_the_files(html: str, sentence: str) -> None:
    assert sentence in words(html).replace("&#39;", "'")


def test_published_pictures_are_linked_and_counted(html: str) -> None:
    text = text_of(html)
    told = (
        "Of 10 pictures and tables that the repository shows, 8 have a figure here as counterpart and 1 a file; 1 have"
    )
    assert told in text
    assert "Of the 20 values that only its pictures hold, 8 were read off and typed into" in text
    assert "none: it shows nothing" in text
    page = "https://example.org/blob/67410beb"
    for link in (
        f"{page}/media/matrix.png", f"{page}/runs/detect/val28_on_donors/PR_curve.png",
        "https://example.org/tree/67410beb/runs/detect/val28_on_donors",
    ):  # fmt: skip
        assert f'<a href="{link}">' in html
    # of the one run here that was published and counted
    assert text.count("the cells of the confusion matrix differ by 4 counts in all") == 1


def test_phantom_results_are_never_called_rebuilt(html: str) -> None:
    table = html.split('id="rebuilt"')[1].split("</table>")[0]
    assert "method rerun: evaluated on and learned from simulated images" in table
    assert "state-done" not in table


@pytest.mark.parametrize(
    ("learned", "adopted", "train13", "val28"),
    [
        ("published", False, "rebuilt", "method rerun: evaluated on simulated images"),
        ("unknown", True, "checkpoint adopted, not trained here", "checkpoint adopted, not trained here"),
        ("raw", False, "rebuilt", "method rerun: evaluated on simulated images"),
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
    assert "Simulated:" not in words(page)
    assert "state-done" in page.split('id="rebuilt"')[1].split("</table>")[0]


def test_every_figure_is_marked_and_has_its_provenance(html: str) -> None:
    drawn = re.findall(r'<figure id="[^"]+" style.*?</figure>', html, flags=re.DOTALL)
    assert [int(n) for n in re.findall(r"<strong>Figure (\d+)\.", html)] == list(range(1, len(drawn) + 1))
    assert len(drawn) == 17
    for figure in drawn:
        assert 'class="badge badge-phantom"' in figure
        assert "draw_figure" in figure
        assert "sha256" in figure
        assert re.search(r"snakemake --cores all results/(figures|gifs)/", figure)
        assert re.search(r'<a href="(figures|gifs)/[^"]+\.(png|gif)">', figure)


def test_numbers_on_stand_in_classes_are_starred(html: str) -> None:
    assert "0.900*" in html and "0.600*" in html


def test_a_mean_without_a_class_is_marked(html: str) -> None:
    """The run on the public recordings has four true boxes of class other, which its detector cannot name."""
    assert "0.900*†" in html and "† the detector cannot name every class" in html
    assert "mAP50-95 0.600 (without class other)" in words(html)
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


def test_unevaluated_classes_leave_dashes(tree: Tree, tmp_path: Path) -> None:
    spoiled = changed(tree, tmp_path)
    path = spoiled.results / "validation/random-on-saarland_donors/metrics.json"
    data = json.loads(path.read_text())
    data["coco"]["map50"] = data["coco"]["map50_95"] = data["classification"]["accuracy"] = None
    data["operating_point"] = {"any": data["operating_point"]["any"]}
    write_json(path, data)
    run = rendered(spoiled).split('id="run-random-on-saarland_donors"')[1].split("</section>")[0]
    assert "; mAP50" not in run and "right class" not in run and "<table" not in run
    assert "AP50 with classes ignored 0.951." in words(run)


def test_a_mean_above_the_precision_without_classes_is_explained(tree: Tree, html: str, tmp_path: Path) -> None:
    said = "The mean over classes is the larger, as each class is ranked by itself in it"
    assert said not in words(html)
    spoiled = changed(tree, tmp_path)
    path = spoiled.results / "validation/random-on-saarland_donors/metrics.json"
    data = json.loads(path.read_text())
    data["agnostic"]["ap50"] = 0.138
    write_json(path, data)
    assert words(rendered(spoiled)).count(said) == 1


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


def test_a_test_set_that_no_run_asks_for_is_no_gap(tree: Tree, tmp_path: Path) -> None:
    spoiled = changed(tree, tmp_path)
    spoiled.config["testsets"]["spare"] = {"title": "Spare", "published_as": None}
    page = words(rendered(spoiled))
    assert (
        "3 of the 6 pairs of 2 detectors and 3 test sets were evaluated. The table has 1 more test set (spare)" in page
    )
    assert "which no run of this configuration asks for and which was therefore not built" in page
    assert "This test set is absent" not in page


def test_unavailable_source_states_its_reason(tree: Tree, tmp_path: Path) -> None:
    spoiled = changed(tree, tmp_path)
    path = spoiled.results / "raw/flow_public/source.json"
    write_json(path, {**json.loads(path.read_text()), "status": "unavailable", "reason": "the index did not answer"})
    assert "The files of public recordings are unavailable: the index did not answer." in words(rendered(spoiled))


def test_segmentation_scores_say_false_positives(tree: Tree, tmp_path: Path) -> None:
    spoiled = changed(tree, tmp_path)
    numbers = {"n_cells": 8, "found": 7, "missed": 1, "iou_median": 0.9, "iou_p10": 0.5, "boundary_f1_median": 0.8}
    row = {**numbers, "method": "unet", "source": "naples", "origin": "phantom", "n_frames": 4, "classes": {},
           "milliseconds_a_frame": 1.5}  # fmt: skip
    rows = [{**row, "false_positives": 6}, row]
    path = spoiled.results / "outlines/unet/summary.json"
    path.parent.mkdir(parents=True)
    write_json(path, {"sources": rows})
    shown = words(rendered(spoiled))
    assert "4 8 7 1 6 0.900 0.500" in shown
    # where the instrument's masks are of some cells only, or another version counted
    assert "4 8 7 1 not known 0.900 0.500" in shown


def test_bad_files_that_are_left_out_are_counted(tree: Tree, tmp_path: Path) -> None:
    assert "left out as bad" not in words(rendered(tree))
    spoiled = changed(tree, tmp_path)
    path = spoiled.results / "raw/flow_public/source.json"
    more = {"skipped": [{"file": "a.h5", "reason": "cut"}] * 3, "remarks": ["2 of 9 pictures have no polygon"],
            "ignored": [{"folder": "train", "kind": "hdf5", "files": 4}]}  # fmt: skip
    write_json(path, {**json.loads(path.read_text()), **more})
    shown = words(rendered(spoiled))
    for part in ("3 left out as bad", "4 ignored", "2 of 9 pictures have no polygon."):
        assert part in shown


def test_hostile_text_stays_text(tree: Tree, tmp_path: Path) -> None:
    spoiled = changed(tree, tmp_path)
    spoiled.config["testsets"]["naples"]["title"] = HOSTILE
    spoiled.config["variants"]["random"]["title"] = HOSTILE
    for row in spoiled.sources.values():
        row.update(title=HOSTILE, licence=HOSTILE, availability=HOSTILE, reference=HOSTILE)
    for entry in spoiled.registry:
        entry.update(title=HOSTILE, caption=HOSTILE, rebuilds=[HOSTILE])
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
    data = '<script type="application/json" {}>'
    assert re.findall(r"<script[^>]*>", page) == [data.format('id="pairs"'), data.format('class="errors"'), "<script>"]
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    attributes = re.findall(r'="([^"]*)"', page)
    assert not [value for value in attributes if value.startswith("alert")]


def test_claims_are_cards_with_their_verdicts(html: str) -> None:
    section = html.split('<section id="claims"')[1].split("</section>")[0]
    assert re.findall(r'verdict-(\w+)">([^<]+)<', section) == [
        ("good", "holds"), ("open", "not decided"), ("open", "cannot tell"),
    ]  # fmt: skip
    said = words(section).replace("\N{NO-BREAK SPACE}", " ")
    assert (
        "Where the sentence is true, right in 96 % (drawn around 0.95); where it is false, in 94 %, wrong in 2 % "
        "(drawn around \N{MINUS SIGN}0.8)." in said
    )
    assert said.count("tried on 200 invented sets") == 1
    assert "on these frames it would hold; with the same frames in grey: 0.5, would not hold" in said
    # 16 of the 40 true boxes are slippers
    assert "Saarland, all donors: 10 recordings, 16 of class slipper" in said
    assert 'href="#prov-validation.2frandom-on-flow_public"' in section
    # printed values stand where they belong, with what they have in common said once
    values = html.split("Values the preprint printed of its trainings", 1)[1].split("</table>")[0]
    assert "1 of 1 decided" in values and "Outside tolerance" in values
    counts = html.rsplit("Counts that the preprint states", 1)[1].split("</table>")[0]
    # the link leads from the page to the project's file, wherever the results lie
    assert '<a href="../paper/deviations.md">paper/deviations.md</a>, row “simulated objects in the channel”' in counts


def test_no_id_of_a_model_or_test_set_is_read(html: str) -> None:
    """Files, commands and provenance keep their ids; everything else has display names."""
    text = re.sub(r"<(style|script)\b[^>]*>.*?</\1>", " ", html, flags=re.DOTALL)
    text = re.sub(r'<details class="fold (prov|stage)".*?</template></details>', " ", text, flags=re.DOTALL)
    text = words(re.sub(r"<(code|bdi)\b[^>]*>.*?</\1>", " ", text, flags=re.DOTALL))
    assert not re.findall(r"saarland_donors|flow_public|nouaman2024|random-on|croissant_", text)


def test_sections_stand_in_the_order_of_the_questions(html: str) -> None:
    order = re.findall(r'<section id="(\w+)"', html)
    assert order == [
        "top", "claims", "generalisation", "universal", "data", "cells", "datasets", "models", "validation", "errors",
        "speed", "provenance", "citation",
    ]  # fmt: skip


def test_missing_claims_and_errors_are_stated(tree: Tree, tmp_path: Path) -> None:
    spoiled = changed(tree, tmp_path)
    (spoiled.results / "tables/claims.csv").unlink()
    shutil.rmtree(spoiled.results / "errors")
    page = words(rendered(spoiled))
    assert "The claims table was not made: tables/claims.csv does not exist." in page
    assert "No errors were collected: the folder errors/ holds nothing for any run." in page


def test_models_away_from_home_have_a_row(html: str) -> None:
    table = html.split('id="matrix"')[1].split("</table>")[0]
    rows = [words(row.replace("<", " <")) for row in re.findall(r"<tr>(.*?)</tr>", table.split("<tbody>")[1])]
    assert [row.split() for row in rows] == [
        ["overlap", "90", "(85–95)", "80", "(75–85)", "90", "80", "unavailable"],
        ["plain", "81", "(76–86)", "72", "(67–77)", "not", "run", "not", "run"],
    ]
    assert 'data-native-one="44 (39–49)|48 (42–52)|0.44"' in table
    assert 'data-grey-class="99 (94–104)|88 (83–93)|0.99"' in table


def test_one_run_is_open_and_the_rest_is_folded(html: str) -> None:
    assert re.findall(r'<section class="run" id="run-([^"]+)" data-run', html) == ["random-on-saarland_donors"]
    folded = re.findall(r'<details class="fold run" id="run-([^"]+)"[^>]*><summary>([^<]+)</summary><template>', html)
    assert folded == [
        ("plain-on-saarland_donors", "plain: 90 % found, 88 % of boxes right"),
        ("random-on-flow_public", "overlap: 90 % found, 88 % of boxes right"),
    ]


def test_vendored_script_is_the_one_recorded() -> None:
    folder = TEMPLATES / "vendor"
    digest = hashlib.sha256((folder / "sortable.min.js").read_bytes()).hexdigest()
    assert digest in (folder / "README.md").read_text()


def test_page_holds_nothing_to_fetch(html: str) -> None:
    sources = re.findall(r'\b(?:src|srcset|data-moving|poster)="([^"]{0,20})', html)
    assert sources and all(source.startswith("data:image/") for source in sources)
    assert "@import" not in html and not re.search(r"url\((?!data:|#tip)", html)
    assert len(html) < 15_000_000


PIXELS = """\
stage,name,recipe,fingerprint,committed_at,differs_first_at
raw,nouaman2024,aa,bb,toy,
dataset,random,aa,bb,,bank nouaman2024
"""


def test_pixels_are_stated_in_a_line_each(tree: Tree, tmp_path: Path) -> None:
    spoiled = changed(tree, tmp_path)
    write_text(spoiled.results / "tables/fingerprints.csv", PIXELS)
    write_text(spoiled.results / "tables/probe.csv", "name,fingerprint,as_committed\ncells,aa,True\nrandom,bb,False\n")
    html = rendered(spoiled)
    assert "<p>Pixels: differ from the committed ones, first at: bank Saarland.</p>" in html
    assert "Pixels: as committed with this project for the scale “toy”." in html
    assert "This processor, or these versions of the packages, compute other pixels than committed: random." in words(
        html
    )
    write_text(spoiled.results / "tables/probe.csv", "name,fingerprint,as_committed\ncells,aa,True\nrandom,bb,True\n")
    assert "A probe of this processor computed 2 kinds of pictures as committed." in words(rendered(spoiled))
