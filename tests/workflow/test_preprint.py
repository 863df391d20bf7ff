"""config/preprint.yaml: every deviation that can be set back is, and each parameter does what its row says."""

from __future__ import annotations

import re
from dataclasses import asdict
from functools import cache

import cv2
import numpy as np
import pandas as pd
import pytest
import yaml

from compose_bank import cutout
from project_copy import PROJECT
from rbcflow.cells.methods import cellpose, unet
from rbcflow.cells.outline import Options
from rbcflow.config import load
from rbcflow.config.config import Config
from rbcflow.config.settings import Settings
from rbcflow.config.ways import read_sample, ways
from rbcflow.core.boxes import mask_box
from rbcflow.core.frames import Frame
from rbcflow.datasets import background
from rbcflow.datasets.decor import crossing_wall
from rbcflow.datasets.image import compose
from rbcflow.datasets.measured import measure
from rbcflow.datasets.objects import draw_ring
from rbcflow.datasets.paste import make_patch, paste
from rbcflow.datasets.place import Placer
from rbcflow.datasets.spec import VariantSpec
from rbcflow.datasets.stock import Cutout
from rbcflow.datasets.walls import channel
from rbcflow.sources.laboratories import known

PREPRINT = yaml.safe_load((PROJECT / "config/preprint.yaml").read_text())
APART, CHANNEL, OVERLAP = "random_nosuperposition", "microfluidic_nosuperposition", "random"
ROWS = [
    [cell.strip() for cell in line[1:-1].split("|")]
    for line in (PROJECT / "paper/deviations.md").read_text().splitlines()
    if line.startswith("|") and not re.match(r"\|(-|\s*(step|item)\s*\|)", line)
]


@cache
def settings(preprint: bool) -> Settings:
    return load(PREPRINT if preprint else {})


def composed(variant: str, way: str = "published") -> VariantSpec:
    return VariantSpec.from_dict({"name": variant, **ways(settings(False))[variant][way]})


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@cache
def configured(preprint: bool) -> dict:
    """Return a configuration's keys with the rows of its tables by name."""
    own = settings(preprint)
    tables = {name: {key: row.model_dump() for key, row in getattr(own, name).items()} for name in
              ("banks", "models", "runs")}  # fmt: skip
    variants = {
        name: {"compose": asdict(VariantSpec.from_dict({"name": name, **row.compose}))}
        for name, row in own.variants.items()
    }
    return own.config.model_dump() | tables | {"variants": variants}


def values(key: str, preprint: bool) -> list:
    """Return what a configuration has under a dotted key, in every row of a table for ``*``."""
    found = [configured(preprint)]
    for part in key.split("."):
        found = [value for one in found for value in (one.values() if part == "*" else [one[part]])]
    return found


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_every_deviation_names_its_parameter_or_why_there_is_none(row: list[str]):
    assert len(row) == 5, "step, preprint, here, why, parameter"
    if row[-1].startswith("none: "):
        assert len(row[-1]) > len("none: ") + 10
        return
    named = [text.partition(": ") for text in re.findall(r"`([^`]+)`", row[-1])]
    keys = [(key, value) for key, _, value in named if "." in key or key in Config.model_fields]
    assert keys
    for key, value in keys:
        ours, theirs = values(key, False), values(key, True)
        assert ours != theirs, f"config/preprint.yaml leaves {key} as it is"
        if value:
            wanted = yaml.safe_load(value)
            assert any(list(own) == wanted if isinstance(own, tuple) else own == wanted for own in theirs)


def test_the_honest_configuration_sets_none_of_them():
    paper = yaml.safe_load((PROJECT / "config/paper.yaml").read_text())
    own = load(paper)
    assert own.config.scheme == "grouped"
    assert all(row.compose == settings(False).variants[name].compose for name, row in own.variants.items())


PARACHUTE = np.zeros((71, 81), np.uint8)
"""A blunt front and straight flanks, as parachutes have: 69 wide and 59 high."""
cv2.ellipse(PARACHUTE, (45, 35), (29, 29), 0, -90, 90, 1, -1)
cv2.rectangle(PARACHUTE, (6, 6), (45, 64), 1, -1)


def parachute() -> Cutout:
    return Cutout("parachute", "croissant", np.where(PARACHUTE > 0, np.uint8(90), np.uint8(150)), PARACHUTE > 0, None)


SHAPES = {
    APART: {"croissant": [cutout(65, 61, "croissant")], "slipper": [cutout(71, 37)], "other": []},
    CHANNEL: {"croissant": [parachute()], "slipper": [cutout(85, 41)], "other": []},
}
"""Cells of the shapes that the published boxes have."""


@cache
def measured(variant: str, way: str) -> pd.DataFrame:
    images = 60 if way == "published" else 12
    return measure(composed(variant, way), SHAPES[variant], 0, images).set_index("class")


@pytest.mark.parametrize("variant", SHAPES)
def test_boxes_are_as_large_as_the_published_ones(variant: str):
    for name, own in read_sample(PROJECT / "paper/published.yaml")[variant].items():
        for side in ("width", "height"):
            found = measured(variant, "published").at[name, side]
            assert found == pytest.approx(own[side][0], abs=1), f"{side} of {name}"


def test_slippers_lie_flat_whichever_way_they_were_turned():
    assert measured(APART, "published").at["slipper", "wider"] == 1
    assert 0.2 < measured(APART, "meant").at["slipper", "wider"] < 0.8


def test_simulated_objects_of_the_channel_are_specks_and_many_vanish():
    found, meant = (measured(CHANNEL, way).loc["other"] for way in ("published", "meant"))
    assert found["width"] < 8 < 14 < meant["width"]
    assert found["placed"] < 0.75 < 1.4 < meant["placed"]


def test_the_last_rows_and_columns_stay_empty_and_labels_are_whole_pixels():
    boxes, meant = (
        np.concatenate([compose(composed(APART, way), "train", i, 0, SHAPES[APART]).boxes for i in range(6)])
        for way in ("published", "meant")
    )
    assert boxes[:, 2:].max() <= 175 < meant[:, 2:].max()
    assert (boxes == np.floor(boxes)).all() and not (meant == np.floor(meant)).all()


def test_every_object_of_class_other_is_simulated():
    stock = SHAPES[APART] | {"other": [cutout(41, 39, "other")]}
    cells = [compose(composed(APART, way), "train", 0, 0, stock).record["cells"] for way in ("published", "meant")]
    assert cells[0].count("simulated-ring") == compose(composed(APART), "train", 0, 0, stock).record["other_placed"]
    assert cells[1].count("simulated-ring") < cells[1].count("simulated-ring") + cells[1].count("test-")


@pytest.mark.parametrize(
    ("values", "least"), [({"anchor": "upper_left"}, 0), ({"anchor": "any"}, -40)], ids=["upper left", "any corner"]
)
def test_where_overlapping_cells_may_be_cut(values: dict, least: int):
    placer = Placer(VariantSpec.from_dict({"name": "x", "overlap": True, "minimum_visible": 0, **values}), (0, 400))
    source = rng()
    for _ in range(60):
        placer.place((80, 60), source)
    lowest = placer.boxes[:, :2].min()
    assert lowest >= 0 if least == 0 else lowest < least
    assert (placer.boxes[:, 2:] > 400).any()


def test_a_cell_may_be_hidden_where_no_share_must_be_visible():
    def placed(share: float) -> int:
        values = {"overlap": True, "block_margin": -2, "minimum_visible": share, "process_size": [40, 40], "retries": 1}
        placer, source = Placer(VariantSpec.from_dict({"name": "x", **values}), (0, 40)), rng()
        return sum(placer.place((30, 30), source) is not None for _ in range(20))

    assert placed(0) == 20 > placed(0.3)


def test_cells_without_room_are_left_out_at_once():
    def placed(retries: int) -> int:
        values = {"rotation": [0, 0], "scale": {"range": [60, 150]}, "retries": retries, "other_simulated_share": 1}
        spec = VariantSpec.from_dict({"name": "x", **values})
        return sum(len(compose(spec, "train", i, 0, SHAPES[APART]).boxes) for i in range(5))

    assert placed(1) < placed(6)


@pytest.mark.parametrize(
    ("scale", "size"),
    [
        # an ellipse of 41 x 21 px
        ({"range": [82, 82], "side": "width"}, (82, 42)),
        ({"range": [42, 42], "side": "height"}, (82, 42)),
        ({"unit": "crop", "range": [1, 1], "side": "shorter", "minimum": 42}, (82, 42)),
        ({"unit": "crop", "range": [1, 1], "side": "shorter", "minimum": 10}, (41, 21)),
        ({"range": [58.69, 58.69]}, (82, 42)),
    ],
)
def test_the_side_that_sizes_are_about(scale: dict, size: tuple[int, int]):
    spec = VariantSpec.from_dict({"name": "x", "rotation": [0, 0], "paste": "transmit", "scale": scale})
    assert make_patch(cutout(), spec, 0, rng()).size == pytest.approx(size, abs=1.01)


def test_cells_of_a_bank_are_enlarged_before_they_are_sized():
    spec = VariantSpec.from_dict(
        {"name": "x", "rotation": [0, 0], "paste": "transmit", "scale": {"unit": "crop", "range": [1, 1]},
         "enlarged": {"a": 5}}
    )  # fmt: skip
    mine, other = Cutout(**vars(cutout()) | {"bank": "a"}), Cutout(**vars(cutout()) | {"bank": "b"})
    assert make_patch(mine, spec, 0, rng()).size == pytest.approx((205, 105), abs=1.01)
    assert make_patch(other, spec, 0, rng()).size == pytest.approx((41, 21), abs=1.01)
    assert composed(OVERLAP).enlarged == {"liang2024": 5}


def test_a_simulated_object_is_sized_by_its_square():
    ring = draw_ring(rng(5))
    x0, _, x1, _ = mask_box(ring.mask)
    sizes = {
        whole: make_patch(ring, VariantSpec.from_dict(
            {"name": "x", "rotation": [0, 0], "paste": "transmit", "simulated_other_canvas": whole,
             "scale": {"range": [94, 94], "side": "width"}}), 0, rng()).size[0]
        for whole in (True, False)
    }  # fmt: skip
    # the square of 47 px becomes 94 px: the ring doubles
    assert sizes[True] == pytest.approx(2 * (x1 - x0), abs=2) and sizes[False] == pytest.approx(94, abs=2)


def test_a_thin_cell_vanishes_under_kernels_as_they_are():
    values = {"name": "x", "rotation": [0, 0], "scale": {"unit": "crop", "range": [1, 1]}, "erosion": [9, 9, 9]}
    thin = cutout(41, 9)
    assert make_patch(thin, VariantSpec.from_dict(values), 0, rng()) is not None
    assert make_patch(thin, VariantSpec.from_dict(values | {"erosion_limit": None}), 0, rng()) is None


@pytest.mark.parametrize(("base", "least", "most"), [(None, 90, 150), (60, 110, 150), (110, 30, 60)])
def test_what_a_cells_contrast_is_held_against(base: float | None, least: int, most: int):
    # shifts of 60 take the cell's 90 to 30..150; 50 from the covered 40 is 90..150, from a base of 110 it is 30..60
    spec = VariantSpec.from_dict({"name": "x", "rotation": [0, 0], "recolour": 60, "contrast": 50, "erosion": [1, 1, 1],
                                  "scale": {"unit": "crop", "range": [1, 1]}, "feather": 0.3})  # fmt: skip
    for seed in range(10):
        image = np.full((80, 80), 40, np.float32)
        paste(image, make_patch(cutout(), spec, 0, rng()), (20, 30), spec, rng(seed), base)
        assert least - 1 <= image[40, 40] <= most + 1


def test_all_images_share_one_field():
    spec, own = composed(APART), composed(APART, "meant")
    assert spec.common_field and not own.common_field
    first, second = (background._common_field((60, 80), 8, rng(seed)) for seed in (1, 2))
    assert np.array_equal(first, second)
    coarse = background._common_field((120, 160), 16, rng())
    assert np.corrcoef(first.ravel(), coarse[::2, ::2].ravel())[0, 1] > 0.95
    images = [background.background(spec, rng(seed)) for seed in range(8)]
    assert all(image.shape == (400, 400) and 40 < image.mean() < 220 for image in images)


def test_the_finest_grain_is_lost():
    values = {"name": "x", "illumination": 0}
    kept = background.background(VariantSpec.from_dict(values), rng())
    lost = background.background(VariantSpec.from_dict(values | {"first_grain": [0, 0]}), rng())
    assert 0.01 < (kept - lost).std() < 1


@pytest.mark.parametrize("covering", [True, False])
def test_the_last_line_of_a_wall_covers_the_others(covering: bool):
    dark = 0
    for seed in range(10):
        image = np.full((200, 200), 120, np.float32)
        crossing_wall(image, gray=False, rng=rng(seed), covering=covering)
        dark += int((image < 60).sum())
    assert dark < 200 if covering else dark > 1000


@pytest.mark.parametrize(("state", "change"), [("normal", 0), ("lighten", 20), ("darken", -20)])
def test_a_channel_of_lines(state: str, change: int):
    image = np.full((200, 400), 120, np.float32)
    top, bottom = channel(image, state, composed(CHANNEL), rng(3))
    inside = image[round((top + bottom) / 2)].mean()
    assert inside - 120 == pytest.approx(change, abs=1) and 40 <= bottom - top <= 75
    for row in (top, bottom):
        beside = image[max(round(row) - 4, 0) : round(row) + 5]
        assert beside.min() < 105 and beside.max() > 125
    # above 255 it starts anew at 0
    bright = np.full((200, 400), 250, np.float32)
    top, bottom = channel(bright, "lighten", composed(CHANNEL), rng(3))
    assert bright[round((top + bottom) / 2)].mean() < 40


MASK = np.zeros((50, 100), bool)
MASK[20:30, 30:40] = True
MASK[29, 39] = False


@pytest.mark.parametrize(("kernel", "corner"), [("cross", True), ("square", False)])
def test_the_kernel_of_the_foreground(kernel: str, corner: bool):
    # a square opening takes what three rows and columns do not hold, closing does not bring it back
    notched = MASK.copy()
    notched[18:20, 34] = True
    opened = unet.opened_and_closed(notched, kernel)
    assert opened[25, 35] and not opened[18, 34]
    assert opened[19, 34] == corner, "a bump of one column below which three pixels lie is a cross"


@pytest.mark.parametrize(
    ("size", "label", "options", "reason"),
    [
        ((20, 12), "slipper", Options(), ""),
        ((20, 12), "slipper", Options(elongation={"slipper": 0.5}), "elongated"),
        # height over width is 0.6, 0.4 from one
        ((20, 12), "slipper", Options(elongation={"slipper": 0.5}, elongation_of="height"), ""),
        ((12, 20), "croissant", Options(elongation={"croissant": 0.5}, elongation_of="height"), "elongated"),
        ((20, 12), "croissant", Options(), "elongated"),
    ],
)
def test_what_is_too_elongated(size: tuple[int, int], label: str, options: Options, reason: str):
    labels = np.zeros((90, 90), np.int32)
    labels[45 - size[1] // 2 : 45 + size[1] // 2, 45 - size[0] // 2 : 45 + size[0] // 2] = 1

    class Labelled:
        def labels(self, image):
            return labels

    frame = Frame(np.zeros((90, 90), np.uint8), "kihm2018", "", "Slipper", 0, label=label)
    ((found,),) = (
        item.found for item in cellpose.outline([frame], known()["kihm2018"].extraction, Labelled(), options)
    )
    assert found.reason == reason


def test_the_preprints_folders():
    wants = Options(tuple(settings(True).banks["liang2024"].recordings)).wants
    assert wants("Slipper", 0) and wants("semi-Parachute", 0) and not wants("Rolling", 0)
    assert Options().wants("Rolling", 0)


def test_naples_is_evaluated_as_published_and_as_ours_at_both_sizes():
    own = settings(True)
    for name, model in (("val21", "random"), ("val22", CHANNEL), ("val30", APART), ("val32", f"{APART}_noother")):
        published = next(run for run in own.runs.values() if run.published_as == name)
        assert (published.model, published.testset) == (model, "naples_published")
        for testset in ("naples", "naples_published"):
            assert {own.evaluated[f"{model}-on-{testset}{end}"].size for end in ("", "-at-native")} == {
                "trained",
                "native",
            }
    assert not [run for run in settings(False).runs.values() if run.testset == "naples_published"]
