"""What the report reads: counts, records, numbers in words, pictures within the page's size."""

from __future__ import annotations

import base64
import io
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rbcflow.core.errors import InputError
from rbcflow.figures import copies
from rbcflow.figures.registry import place
from rbcflow.report import graph, text
from rbcflow.report.boxes import read_box_folds
from rbcflow.report.error_browser import read_errors
from rbcflow.report.figures import read_figures
from rbcflow.report.front import Tile
from rbcflow.report.page import collect
from rbcflow.report.pictures import embed_animation, embed_still
from rbcflow.report.records import read_provenance, slug
from rbcflow.report.runs import read_run, read_testset
from rbcflow.report.stages import read_bank, read_banks, read_dataset, read_models, read_places, read_rows, read_sources
from rbcflow.report.timings import processor_sentence, read_timings
from rbcflow.runtime.benchmarks import read_benchmark
from report_tree import RUNS, SOURCES, Tree, metrics, picture, record, write_json, write_text, write_tree


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return write_tree(tmp_path_factory.mktemp("tree"))


def test_bank_counts_kept_by_class_and_dropped_by_reason(tree: Tree) -> None:
    bank = read_bank(tree.results / "cells/nouaman2024", read_places(tree.results))
    # 60 cells of three classes in turn, every fifth dropped: 12 dropped, 4 of each class
    assert bank.kept == {"croissant": 16, "slipper": 16, "other": 16}
    assert bank.dropped == {"touches_edge": 12}
    # rec_4 and rec_5 are folders of crops
    assert (bank.n_kept, bank.n_dropped, bank.recordings, bank.folders) == (48, 12, 4, 2)
    assert bank.donors == ["donor_0", "donor_1", "donor_2", "donor_3"]


BOX_SIZES = """variant,way,class,boxes,width,width_least,width_most,height,height_least,height_most,wider,placed
apart,meant,slipper,50,24.4,12,45,25.5,10,43.5,0.48,3.5
apart,published,slipper,50,25.7,9,38,17.5,5,35,1,3.4
apart,published sample,slipper,35,27.9,16,41,15.1,7,29,1,
channel,meant,other,24,18.7,8,29.5,17.6,8,28.5,0.58,1.5
"""
PREPRINT = "variants:\n  apart: {compose: {pressed: true}}\n  channel: {compose: {simulated_other_canvas: true}}\n"


def test_boxes_stand_with_their_sample_and_with_what_the_preprints_scripts_do(tmp_path: Path) -> None:
    write_text(tmp_path / "results/tables/box_sizes.csv", BOX_SIZES)
    write_text(tmp_path / "config/preprint.yaml", PREPRINT)
    sample = {"box_samples": {"apart": {"files": 10, "boxes": 103}}}
    folds = read_box_folds(tmp_path / "results", tmp_path, sample)
    shown = {name: (own.files, own.boxes, own.pressed, own.specks) for name, own in folds.items()}
    assert shown == {"apart": (10, 103, True, False), "channel": (0, 0, False, True)}
    assert [(row.boxes, row.wider) for row in folds["apart"].rows] == [(35, 1), (50, 1), (50, 0.48)]
    assert folds["apart"].of("slipper", "meant").height == (25.5, 10, 43.5)
    assert folds["channel"].of("other", "published") is None
    assert not read_box_folds(tmp_path / "results", tmp_path / "results", {})["apart"].pressed


def test_cells_without_a_class_are_unnamed(tree: Tree) -> None:
    assert read_bank(tree.results / "cells/flow_public", {}).kept == {"unnamed": 48}


def test_sources_carry_origin_and_files(tree: Tree) -> None:
    saarland, public = read_sources(tree.results, SOURCES)
    assert (saarland.origins, public.origins) == (("phantom",), ("public",))
    assert (saarland.n_files, saarland.reason) == (7, "")


def test_banks_carry_origin_and_cells(tree: Tree) -> None:
    (bank, missing) = read_banks(tree.results, {"nouaman2024": {"title": "cells"}, "absent": {}})
    assert (bank.name, bank.origins, bank.bank.n_kept, bank.row["title"]) == ("nouaman2024", ("phantom",), 48, "cells")
    assert (missing.bank, missing.origins) == (None, ())


def test_a_source_without_anything_takes_its_origin_from_the_table(tmp_path: Path) -> None:
    (source,) = read_sources(tmp_path, {"simulated": {"access": "simulated"}})
    assert (source.origins, source.n_files) == (("phantom",), None)


def test_dataset_counts_planned_placed_and_levels(tree: Tree) -> None:
    dataset = read_dataset(tree.results, "random", {})
    assert dataset.images == {"train": 12, "val": 4, "test": 4}
    # "other" places 2, 3, 4 in turn: 12 images 36, twice 4 images 2 + 3 + 4 + 2 = 11
    assert dataset.counts == {"croissant": (60, 60), "slipper": (60, 60), "other": (80, 58)}
    assert dataset.factors == {"noise": {"gaussian": 10, "none": 10}, "walls": {"False": 12, "True": 8}}
    assert dataset.fingerprint == "fe" * 32


def test_model_has_one_row_a_seed_and_the_epoch_that_is_evaluated(tree: Tree) -> None:
    (model,) = read_models(tree.results, "random", {})
    assert (model.seed, model.training["epochs"], model.evaluated_epoch["metrics/mAP50(B)"]) == ("0", 3, 0.625)
    assert read_models(tree.results, "missing", {})[0].training is None


def test_the_mean_of_trainings_is_no_training(tmp_path: Path) -> None:
    for name in ("seed-0", "seed-1", "seed-mean"):
        (tmp_path / "models/a" / name).mkdir(parents=True)
    assert [model.seed for model in read_models(tmp_path, "a", {})] == ["0", "1"]


def test_timings_by_rule_longest_first(tree: Tree) -> None:
    trained, raw = read_timings(tree.results)
    assert (trained.rule, trained.jobs, trained.seconds, trained.memory) == ("train_model", 1, 61.0, 812.4)
    assert (raw.rule, raw.jobs, raw.seconds, raw.longest, raw.memory) == ("get_raw", 2, 3.0, 2.5, 90.0)
    assert (trained.processor, raw.processor) == (96.0, 4.0)
    assert "1 min 40 s of processor time, 96.0\N{NO-BREAK SPACE}% of it in trainings" in processor_sentence(
        [trained, raw]
    )


def test_processor_time_is_unknown_where_a_log_does_not_end_with_it(tree: Tree) -> None:
    (tree.results / "logs/get_raw/flow_public.log").write_text("12:00:00 INFO rbcflow: killed\n", encoding="utf-8")
    trained, raw = read_timings(tree.results)
    assert (trained.processor, raw.processor) == (96.0, None)
    assert "not known, as logs do not end with it (rules get_raw)" in processor_sentence([trained, raw])


def test_run_reads_the_operating_point_of_the_matrix(tree: Tree) -> None:
    run = read_run(tree.results, RUNS[0], read_testset(tree.results, "saarland_donors", {}))
    assert (run.status, run.conf, run.iou, run.map50, run.ap50) == ("evaluated", 0.25, 0.45, 0.9, 0.951)
    assert (run.found["hits"], run.found["false_positives"], run.found["recall"]) == (36, 5, 0.9)
    assert [name for name, _, _ in run.classes] == ["croissant", "slipper", "other"]


@pytest.mark.parametrize(
    ("recall", "false_positives", "mostly"),
    [(0.75, 9, True), (0.5, 9, False), (0.75, 10, False), (0.3, 20, False)],
    ids=["both", "half of the misses stay", "half of the false positives stay", "none"],
)
def test_colour_causes_most_where_grey_halves_misses_and_false_boxes(
    tree: Tree, recall: float, false_positives: int, mostly: bool
) -> None:
    run = read_run(tree.results, RUNS[0], read_testset(tree.results, "saarland_donors", {}))
    plain, grey = (
        replace(run, found={"recall": share, "false_positives": n})
        for share, n in ((0.0, 20), (recall, false_positives))
    )
    assert Tile(plain, "", True, "", "", None, grey).mostly_colour is mostly
    assert not Tile(plain, "", True, "", "", None).mostly_colour


def test_run_on_an_unavailable_test_set_keeps_the_reason(tree: Tree) -> None:
    run = read_run(tree.results, RUNS[2], read_testset(tree.results, "naples", {}))
    assert (run.status, run.reason, run.map50) == ("unavailable", "the laboratory's stacks are not here", None)


def test_run_without_metrics_is_absent(tmp_path: Path) -> None:
    run = read_run(tmp_path, RUNS[0], read_testset(tmp_path, "saarland_donors", {}))
    assert (run.status, run.reason) == ("absent", "the test set was not built")


def test_metrics_without_a_key_are_named(tmp_path: Path) -> None:
    data = metrics(RUNS[0], "phantom", "truth", "true")
    del data["coco"]
    write_json(tmp_path / f"validation/{RUNS[0]['run']}/metrics.json", data)
    with pytest.raises(InputError, match=r"metrics\.json: found no key 'coco'.* without `--rerun-trig"):
        read_run(tmp_path, RUNS[0], read_testset(tmp_path, "saarland_donors", {}))


@pytest.mark.parametrize("damage", [{"n_boxes": 5}, {"size": None}, {"agnostic": {"at": []}}])
def test_a_value_of_another_kind_in_the_metrics_is_named(tmp_path: Path, damage: dict) -> None:
    data = metrics(RUNS[0], "phantom", "truth", "true")
    for key, value in damage.items():
        data[key] = data[key] | value if isinstance(value, dict) else value
    write_json(tmp_path / f"validation/{RUNS[0]['run']}/metrics.json", data)
    with pytest.raises(InputError, match=r"metrics\.json: found a value of another kind"):
        read_run(tmp_path, RUNS[0], read_testset(tmp_path, "saarland_donors", {}))


def test_published_items_are_done_gaps_or_absent(tree: Tree) -> None:
    page = collect(tree.results, **tree.arguments())
    states = {row.item.id: row.state for row in page.rebuilt}
    assert (states["train13"], states["val28"], states["val21"], states["val32"]) == ("done", "done", "gap", "absent")


def test_record_of_a_path_is_the_closest(tree: Tree) -> None:
    page = collect(tree.results, **tree.arguments())
    assert page.record_of("results/datasets/random/data.yaml").subject == "datasets/random"
    run = "random-on-flow_public"
    assert page.record_of(f"results/predictions/{run}.parquet").subject == f"predictions/{run}"
    assert page.record_of(f"results/validation/{run}/metrics.json").subject == f"validation/{run}"
    assert page.record_of("config/config.yaml") is None


def test_provenance_reads_files_and_lists(tmp_path: Path) -> None:
    inputs = {"table": {"path": "a.csv", "sha256": "ab"}, "shards": {"files": 3, "sha256": None}}
    write_json(tmp_path / "figures/f/all.json", record("draw_figure", ["raw", "phantom"], inputs))
    prov = read_provenance(tmp_path / "figures/f/all.json", tmp_path)
    assert prov.subject == "figures/f/all"
    assert [(i.name, i.path, i.fingerprint) for i in prov.inputs] == [
        ("table", "a.csv", "ab"),
        ("shards", "3 files", ""),
    ]
    assert prov.origins == ("phantom", "raw")


@pytest.mark.parametrize(
    ("content", "message"), [("{", "no JSON"), ("[1]", "list"), ("", "no JSON")], ids=["cut", "list", "empty"]
)
def test_broken_json_is_named(tmp_path: Path, content: str, message: str) -> None:
    write_text(tmp_path / "provenance.json", content)
    with pytest.raises(InputError, match=message):
        read_provenance(tmp_path / "provenance.json", tmp_path)


def test_table_without_a_column_is_named(tmp_path: Path) -> None:
    write_text(tmp_path / "cells.csv", "cell_id,class\na,other\n")
    with pytest.raises(InputError, match=r"no column donor, frame.* without `--rerun-triggers"):
        read_bank(tmp_path, {})


@pytest.mark.parametrize(
    ("function", "value", "expected"),
    [
        (text.ratio, 0.12345, "0.123"),
        (text.ratio, None, "–"),
        (text.count, 12699, "12,699"),
        (text.percent, 0.725, "72.5\N{NO-BREAK SPACE}%"),
        (text.signed, 6.26, "+6.3"),
        (text.signed, -1.5, "\N{MINUS SIGN}1.5"),
        (text.signed, -0.04, "0.0"),
        (text.signed, None, "–"),
        (text.duration, 0.44, "0.4 s"),
        (text.duration, 12.4, "12 s"),
        (text.duration, 59.7, "1 min 00 s"),
        (text.duration, 185, "3 min 05 s"),
        (text.duration, 7805, "2 h 10 min"),
        (text.duration, None, "–"),
        (text.breakable, "a_b<", "<bdi>a_<wbr>b&lt;</bdi>"),
        (slug, "random/seed 0", "random.2fseed.200"),
    ],
)
def test_text(function: object, value: object, expected: str) -> None:
    assert function(value) == expected


@pytest.mark.parametrize(("n", "expected"), [(0, "0 boxes"), (1, "1 box"), (1200, "1,200 boxes")])
def test_plural(n: int, expected: str) -> None:
    assert text.plural(n, "box", "boxes") == expected


def decoded(uri: str) -> Image.Image:
    """Return the picture in a data URI."""
    return Image.open(io.BytesIO(base64.b64decode(uri.split(",", 1)[1])))


def test_a_small_picture_stays_as_it_is(tmp_path: Path) -> None:
    original = picture(0).convert("RGB")
    original.save(tmp_path / "a.png")
    copies.write_copies(tmp_path / "a.png")
    embedded = embed_still(tmp_path / "a.png")
    assert (embedded.width, embedded.height) == original.size
    assert np.array_equal(np.asarray(decoded(embedded.uri).convert("RGB")), np.asarray(original))


def test_a_large_picture_is_reduced_and_transparency_is_white(tmp_path: Path) -> None:
    Image.new("RGBA", (3200, 400), (0, 0, 0, 0)).save(tmp_path / "a.png")
    copies.write_copies(tmp_path / "a.png")
    embedded = embed_still(tmp_path / "a.png")
    assert (embedded.width, embedded.height) == (1200, 150)
    assert decoded(embedded.uri).convert("RGB").getpixel((600, 75)) == (255, 255, 255)


def test_a_plot_is_sharp_in_few_colours_and_a_photograph_is_not(tmp_path: Path) -> None:
    """Both are too large to be kept: lines and text on white become small without loss, grains become a photograph."""
    grains = picture(0, 700, 500).convert("RGB")
    plot = Image.new("RGB", (700, 900), "white")
    plot.paste(grains.resize((300, 300)).quantize(200).convert("RGB"), (0, 0))
    plot.paste((0, 114, 178), (350, 500, 400, 800))
    found = {}
    for name, original in (("plot", plot), ("grains", grains)):
        (path := tmp_path / f"{name}.png").touch()
        original.save(path)
        path.write_bytes(path.read_bytes() + bytes(copies.HOPELESS))  # as large as a real one
        copies.write_copies(path)
        found[name] = np.asarray(decoded(embed_still(path).uri).convert("RGB"))
    assert len(np.unique(found["plot"].reshape(-1, 3), axis=0)) <= copies.PLOT_COLOURS
    assert (found["plot"][400:480, 500:700] == 255).all()
    assert np.abs(found["plot"][510:790, 360:390].astype(int) - (0, 114, 178)).max() <= 4
    assert len(np.unique(found["grains"].reshape(-1, 3), axis=0)) > copies.PLOT_COLOURS


@pytest.fixture
def gif(tmp_path: Path) -> Path:
    frames = [picture(seed, 640, 320) for seed in range(4)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=120, loop=0)
    return tmp_path / "a.gif"


@pytest.mark.parametrize(("limit", "size"), [(10_000_000, (640, 320)), (1, (480, 240))], ids=["small", "large"])
def test_an_animation_is_made_as_small_as_it_must_be(
    gif: Path, limit: int, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "MOVING_LIMIT", limit)
    copies.write_copies(gif)
    animation = embed_animation(gif)
    image = decoded(animation.uri)
    assert (image.n_frames, image.size, animation.frames, animation.still.width) == (4, size, 4, 640)
    assert len(animation.uri) < gif.stat().st_size


@pytest.mark.parametrize("content", [None, b"", b"RIFF\x1a\x00\x00\x00WEBP"], ids=["missing", "empty", "cut"])
def test_an_unreadable_copy_is_named(tmp_path: Path, content: bytes | None, monkeypatch: pytest.MonkeyPatch) -> None:
    # Ultralytics, which other tests import and the report does not, replaces Pillow's opener for the whole process
    patches = sys.modules.get("ultralytics.utils.patches")
    monkeypatch.setattr(Image, "open", patches._image_open if patches else Image.open)
    if content is not None:
        (tmp_path / "a.webp").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.webp: found no readable picture"):
        embed_still(tmp_path / "a.png")


def test_tables_of_the_datasets_are_read_and_may_be_absent(tmp_path: Path) -> None:
    write_text(tmp_path / "tables/leakage.csv", "scheme,source,unit,units,crossing\npaper,a,donor,7,7\n")
    assert read_rows(tmp_path, "leakage", {"scheme", "units"}) == [
        {"scheme": "paper", "source": "a", "unit": "donor", "units": "7", "crossing": "7"}
    ]
    assert read_rows(tmp_path, "fingerprints", {"variant"}) == []
    with pytest.raises(InputError, match="no column cells"):
        read_rows(tmp_path, "leakage", {"cells"})


def test_graph_follows_the_records(tree: Tree) -> None:
    page = collect(tree.results, **tree.arguments())
    # only rules that were timed are in the graph: train_model read the dataset, whose rule was not timed
    assert [(rule.name, rule.stage, rule.jobs, rule.reads) for rule in page.graph.rules] == [
        ("get_raw", "raw", 2, ()),
        ("train_model", "models", 1, ("collect_dataset",)),
    ]
    assert [box.name for box in page.graph.stages.boxes] == ["raw", "models"]
    assert [box.name for box in page.graph.detail.boxes] == [rule.name for rule in page.graph.rules]


def test_lists_of_inputs_keep_their_names(tmp_path: Path) -> None:
    inputs = {"shards": {"files": 2, "paths": ["a/0", "a/1"], "sha256": "ab"}}
    write_json(tmp_path / "datasets/d/provenance.json", record("collect_dataset", ["phantom"], inputs))
    (read,) = read_provenance(tmp_path / "datasets/d/provenance.json", tmp_path).inputs
    assert (read.path, read.paths, read.fingerprint) == ("2 files", ("a/0", "a/1"), "ab")


def test_tile_that_is_not_there_is_named(tree: Tree, tmp_path: Path) -> None:
    folder = tmp_path / "errors/random-on-flow_public"
    shutil.copytree(tree.results / "errors/random-on-flow_public", folder)
    write_text(folder / "errors.csv", (folder / "errors.csv").read_text().replace("2,class", "3,class"))
    with pytest.raises(InputError, match="found tile 3"):
        read_errors(tmp_path, ["random-on-flow_public"])


def test_rules_are_drawn_right_of_what_they_read_and_the_report_comes_last() -> None:
    reads = {"collect": ("shard",), "shard": ("cut",), "cut": (), "render_report": ()}
    rules = [graph.Rule(name, "datasets", 1, 1.0, read) for name, read in reads.items()]
    drawing = graph._draw_rules(rules)
    assert [box.name for box in drawing.boxes] == ["cut", "shard", "collect", "render_report"]
    places = [box.x for box in drawing.boxes]
    assert places == sorted(set(places))
    assert [name for name, _ in drawing.arrows] == ["collect to render_report", "cut to shard", "shard to collect"]
    round_about = [graph.Rule("a", "datasets", 1, 1.0, ("b",)), graph.Rule("b", "datasets", 1, 1.0, ("a",))]
    assert len(graph._draw_rules(round_about).boxes) == 2


def points(path: str) -> np.ndarray:
    """Return points of an SVG path of M, C and H, close to each other, shape (n, 2)."""
    found, t = [], np.linspace(0, 1, 300)[:, None]
    for letter, numbers in re.findall(r"([MCH])([^MCH]*)", path):
        given = np.array(numbers.split(), float)
        if letter == "M":
            found.append(given[None])
        elif letter == "H":
            x, y = found[-1][-1]
            found.append(np.hstack([x + t * (given - x), np.full_like(t, y)]))
        else:
            a, b, c, d = found[-1][-1], *given.reshape(3, 2)
            found.append((1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t**2 * (1 - t) * c + t**3 * d)
    return np.concatenate(found)


def test_an_arrow_along_full_rows_runs_between_them() -> None:
    """No single bend leads from the first boxes of two full rows to the end of the other: both run in the gap."""
    reads = {f"{row}{number}": (f"{row}{number - 1}",) if number else () for number in range(9) for row in "cd"}
    reads |= {"end_c": ("c8", "d0"), "end_d": ("d8", "c0")}
    drawing = graph._draw_rules([graph.Rule(name, "tables", 1, 1.0, read) for name, read in reads.items()])
    long = {name: points(path) for name, path in drawing.arrows if name in ("c0 to end_d", "d0 to end_c")}
    assert len(long) == 2
    for name, way in long.items():
        assert (way >= 0).all() and (way <= (drawing.width, drawing.height)).all()
        for box in drawing.boxes:
            inside = (way > (box.x, box.y)) & (way < (box.x + drawing.box[0], box.y + drawing.box[1]))
            assert not inside.all(axis=1).any(), f"{name} passes behind {box.name}"
    # beside each other, not on one another
    assert len({float(np.median(way[:, 1])) for way in long.values()}) == 2


def test_an_animation_of_one_frame_has_nothing_to_play(tmp_path: Path) -> None:
    entry = {"id": "boxes", "per": "model", "section": "models", "title": "Boxes", "format": "gif"}
    gif = place(tmp_path, "boxes", "random", "gif")
    gif.parent.mkdir(parents=True)
    for colours, moves in ((("red",), False), (("red", "blue"), True)):
        first, *more = [Image.new("RGB", (32, 16), colour) for colour in colours]
        first.save(gif, save_all=True, append_images=more, duration=100)
        copies.write_copies(gif)
        (figure,) = read_figures(tmp_path, [entry], {"model": ["random"]}, {})
        assert (figure.picture.width, figure.moving is not None, figure.player != "") == (32, moves, moves)


@pytest.mark.parametrize(("between", "bent"), [([], False), ([(200, 100)], True), ([(200, 30)], False)])
def test_an_arrow_passes_the_boxes_between_its_own(between: list[tuple[int, int]], bent: bool) -> None:
    boxes = [graph.Box(str(number), 1, 1.0, (), x, y) for number, (x, y) in enumerate([(0, 100), (400, 100), *between])]
    numbers = [int(part) for part in re.findall(r"-?[0-9]+", graph._curve(boxes[0], boxes[1], (100, 40), boxes, []))]
    assert numbers[:2] + numbers[-2:] == [100, 120, 395, 120]
    # half the box and the way the bend falls short of its own points by a quarter
    assert abs(numbers[3] - 120) * 0.75 > 20 if bent else numbers[3] == 120


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s\th:m:s\tmax_rss\n1.5\t0:00:01\t90.25\n3\t0:00:03\tNA\n", [(1.5, 90.25), (3.0, None)]),
        ("s\n2\n", [(2.0, None)]),
        ("s\tmax_rss\n", []),
        ("h:m:s\n0:00:01\n", "header.*no column s"),
        ("s\tmax_rss\n1\t2\nNA\t2\n", r"line 3.*'NA\\t2'"),
        ("", "header.*no column s"),
    ],
    ids=["rows", "seconds alone", "no job", "other columns", "no number", "empty"],
)
def test_a_benchmark_file_has_a_row_a_job(tmp_path: Path, text: str, expected: list | str) -> None:
    file = tmp_path / "rule.tsv"
    file.write_text(text)
    if isinstance(expected, list):
        assert read_benchmark(file) == expected
    else:
        with pytest.raises(InputError, match=expected):
            read_benchmark(file)
