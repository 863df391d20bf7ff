"""Whether a recording may be used: every limit at its edge, and harms as they come."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache, partial

import numpy as np
import pandas as pd
import pytest

from rbcflow.recordings import flux, link, objects, summarise, validity
from rbcflow.recordings.simulated import Setup, simulate
from rbcflow.recordings.validity import LIMITS, VERDICTS, verdict_of
from recordings_inputs import draw_recording

GRADES = {"note": "usable", "boxes only": "boxes only", "refused": "refused"}
CLEAN = {"boxes": 500.0}


def edges() -> list[tuple[str, float, str]]:
    """Return (name, a value just beyond a limit, the grade it gets) for every limit of the table."""
    found = []
    for limit in LIMITS:
        for grade, value in (("note", limit.note), ("boxes only", limit.boxes_only), ("refused", limit.refused)):
            if value is not None:
                found.append((limit.name, value + (1e-6 if limit.above else -1e-6), grade))
    return found


@pytest.mark.parametrize(("name", "value", "grade"), edges())
def test_every_limit_has_its_grade_verdict_and_sentence(name, value, grade):
    found = verdict_of(CLEAN | {name: value}, {"unlinked": "too fast"})
    finding = next(f for f in found.findings if f.name == name)
    assert finding.grade == grade
    assert found.verdict == GRADES[grade]
    assert found.reasons == [finding.sentence] and finding.sentence
    assert "{" not in finding.sentence


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_a_value_at_a_limit_passes_it(limit):
    first = next(v for v in (limit.note, limit.boxes_only, limit.refused) if v is not None)
    assert verdict_of(CLEAN | {limit.name: first}).verdict == "usable"
    assert limit.grade(first) == "good"


def test_limits_get_worse_in_order():
    for limit in LIMITS:
        steps = [value for value in (limit.note, limit.boxes_only, limit.refused) if value is not None]
        assert steps == sorted(steps, reverse=not limit.above), limit.name


def test_the_gravest_reason_comes_first_and_decides():
    found = verdict_of(CLEAN | {"drift": 0.2, "off_object": 0.6, "flux": 0.4})
    assert found.verdict == "refused"
    assert [reason.split(" ")[0] for reason in found.reasons] == ["60%", "counted", "brightness"]


def test_what_was_not_measured_passes_and_says_so():
    found = verdict_of(CLEAN | {"unlike": None, "drift": np.nan})
    grades = {finding.name: finding.grade for finding in found.findings}
    assert found.verdict == "usable" and not found.reasons
    assert grades["unlike"] == grades["drift"] == grades["off_object"] == "not measured"
    assert found.as_dict()["verdict"] in VERDICTS


def evaluated(simulated, **options) -> dict[str, validity.Finding]:
    links = link.link(simulated.boxes, simulated.frames, simulated.probe)
    cells = summarise.cells(links, simulated.probe)
    counted = flux.count(links, simulated.probe)
    found = validity.evaluate(simulated.boxes, simulated.frames, simulated.probe, links, cells, counted, **options)
    return {finding.name: finding for finding in found.findings} | {"verdict": found}


GOOD = Setup(speed=40, spacing=60, cells=45)


simulated_as = cache(partial(simulate, seed=8))


def change(setup: Setup = GOOD, frames: dict | None = None, boxes=None):
    """Return a simulated recording, changed; it is its own, the frames and boxes of the unchanged one stay."""
    simulated = simulated_as(setup)
    table = simulated.frames.assign(**(frames or {}))
    return replace(simulated, frames=table, boxes=boxes(simulated.boxes) if boxes else simulated.boxes)


def twice(boxes: pd.DataFrame) -> pd.DataFrame:
    """Return boxes with a second, less sure one on every second cell."""
    return pd.concat([boxes, boxes.iloc[::2].assign(conf=0.3, x0=lambda t: t["x0"] + 1)])


def full(boxes: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([boxes, *[boxes[boxes["frame"] == 5].head(1)] * 300])


def changed(*arguments, **options):
    """Return what makes a recording, for a table that is read in every process that collects the tests."""
    return partial(change, *arguments, **options)


def at_pixel(size: float):
    """Return what makes a recording of that pixel size, micrometres."""
    return lambda: replace(change(), probe=change().probe | {"pixel_um": size})


READ = {"expected": 0.7, "verdict": "doubtful", "reasons": ["cells are small"]}
"""What a gauge says."""

HARMS = {
    "nothing": (changed(), {}, {}, "usable"),
    "brightness drifts": (
        changed(frames={"mean": lambda t: np.linspace(100, 200, len(t))}), {}, {"drift": "boxes only"}, "boxes only",
    ),
    "a pixel size that is nearly right": (at_pixel(0.33), {}, {"size_um": "note"}, "usable"),
    "a pixel size ten times too large": (at_pixel(0.9), {}, {"size_um": "boxes only"}, "boxes only"),
    "a pixel size ten times too small": (at_pixel(0.02), {}, {"size_um": "boxes only"}, "boxes only"),
    "white": (changed(frames={"saturated": 0.4}), {}, {"saturated": "boxes only"}, "boxes only"),
    "repeated frames": (changed(replace(GOOD, stuck=(9, 20, 31))), {}, {"repeated": "note"}, "usable"),
    "interlaced": (
        lambda: replace(change(), probe=change().probe | {"interlaced": True}), {}, {"interlaced": "boxes only"},
        "boxes only",
    ),
    "lost frames": (changed(replace(GOOD, lost=tuple(range(20, 32)))), {}, {"lost": "note"}, "usable"),
    "two boxes a cell": (changed(boxes=twice), {}, {"doubles": "boxes only"}, "boxes only"),
    "box cap": (changed(boxes=full), {}, {"capped": "note"}, None),
    "too fast": (changed(Setup(speed=300, spacing=60, cells=60)), {}, {"unlinked": "boxes only"}, "boxes only"),
    "small cells": (changed(), {"scale": 0.4}, {"size": "boxes only"}, "boxes only"),
    "large cells": (changed(), {"scale": 3.0}, {"size_large": "boxes only"}, "boxes only"),
    "dirt": (changed(replace(GOOD, dirt=6)), {}, {"still": "boxes only"}, "boxes only"),
    "false boxes": (changed(replace(GOOD, false_boxes=1.2)), {}, {"unfollowed": "boxes only"}, "boxes only"),
    "one class": (
        changed(boxes=lambda b: b.assign(p_slipper=0.9, p_croissant=0.0)), {}, {"one_class": "note"}, "usable",
    ),
    "few cells": (changed(Setup(speed=40, spacing=60, cells=14)), {}, {"cells": "note"}, "usable"),
    "alone": (changed(), {"alone": True}, {"alone": "note"}, "usable"),
    "doubtful": (changed(), {"gauge": READ}, {"gauge": "note"}, "usable"),
    "not valid": (changed(), {"gauge": READ | {"expected": 0.5}}, {"gauge": "boxes only"}, "boxes only"),
    "unlike": (changed(), {"unlike": 2.0}, {"unlike": "boxes only"}, "boxes only"),
    "no boxes": (changed(boxes=lambda b: b[:0]), {}, {"boxes": "refused"}, "refused"),
}  # fmt: skip


@pytest.mark.parametrize("name", HARMS)
def test_harms_are_seen(name):
    make, options, grades, verdict = HARMS[name]
    found = evaluated(make(), **options)
    assert {key: found[key].grade for key in grades} == grades
    if verdict:
        assert found["verdict"].verdict == verdict, found["verdict"].reasons


def test_the_gauge_says_its_verdict_and_why():
    gauge = {"expected": 0.52, "verdict": "not valid", "reasons": ["cells are small", "noise"]}
    said = evaluated(change(), gauge=gauge)["gauge"].sentence
    assert said.endswith("average precision of 0.52: not valid, as cells are small; noise")


def test_a_cell_of_a_wrong_size_names_the_size_of_a_pixel():
    sentence = evaluated(at_pixel(0.9)())["size_um"].sentence
    assert re.search(r"pixel_um may be wrong: a median of \d+ um at 0\.9 um a pixel, where .* about 7\.2", sentence)
    assert evaluated(change())["size_um"].grade == "not measured"


def test_a_part_of_a_cell_in_its_box_is_no_missed_cell():
    boxes = np.array([[10.0, 10.0, 50.0, 50.0]])
    assert objects._covered((27, 27, 33, 33), boxes)
    assert not objects._covered((52, 27, 60, 33), boxes)


def test_counts_that_disagree_with_flux_are_seen():
    simulated = simulate(GOOD, seed=8)
    links = link.link(simulated.boxes, simulated.frames, simulated.probe)
    cells = summarise.cells(links, simulated.probe)
    halved = flux.Flux(rate=1.0, seen=2.5 * len(cells))
    found = validity.evaluate(simulated.boxes, simulated.frames, simulated.probe, links, cells, halved)
    assert next(f for f in found.findings if f.name == "flux").grade == "boxes only"


def test_boxes_on_cells_are_told_from_boxes_beside_them():
    simulated = draw_recording(frames=24, seed=2)
    good = objects.measure(simulated.images, simulated.boxes, simulated.probe)
    assert good.off_object < 0.03 and good.missed < 0.1 and good.things >= 10
    # small boxes anywhere, as a detector for large cells gives on a texture
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0, 300, len(simulated.boxes)), rng.choice([2, 80], len(simulated.boxes))
    wrong = simulated.boxes.assign(x0=x, x1=x + 14, y0=y, y1=y + 14)
    bad = objects.measure(simulated.images, wrong, simulated.probe)
    assert bad.off_object > 0.8 and bad.missed > 0.9
    assert verdict_of(CLEAN | {"off_object": bad.off_object}).verdict == "refused"
    half = objects.measure(simulated.images, simulated.boxes.iloc[::2], simulated.probe)
    assert half.off_object < 0.03 and 0.3 < half.missed < 0.7


def test_small_cells_in_a_large_colour_frame_with_boxes_elsewhere_are_refused():
    rng = np.random.default_rng(1)
    texture = rng.integers(150, 160, (400, 600, 3), dtype=np.uint8)
    images, rows = [], []
    for number in range(12):
        image = np.clip(texture + rng.normal(0, 1.5, texture.shape), 0, 255).astype(np.uint8)
        for cell in range(12):
            x, y = 10 + (47 * cell + 13 * number) % 570, 20 + 30 * cell
            image[y : y + 8, x : x + 9] = (120, 60, 60)
        images.append((number, image))
        rows += [(number, x, 40 * k, x + 34, 40 * k + 34) for k, x in enumerate(rng.uniform(0, 560, 9))]
    boxes = pd.DataFrame(rows, columns=["frame", "x0", "y0", "x1", "y1"])
    found = objects.measure(images, boxes, {"width": 600, "height": 400})
    assert found.size_px == pytest.approx(8.5, abs=2.5)
    assert verdict_of({"boxes": 108.0, "off_object": found.off_object, "missed": found.missed}).verdict == "refused"


def test_few_frames_have_no_background():
    simulated = draw_recording(frames=5, seed=2)
    assert objects.measure(simulated.images, simulated.boxes, simulated.probe) is None
