"""Cells linked over frames: hand-made boxes, simulated recordings with known truth, and refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from project_copy import PROJECT
from rbcflow.core.errors import InputError
from rbcflow.recordings import flow, link, places
from rbcflow.recordings.simulated import Setup, Simulated, simulate
from rbcflow.recordings.summarise import cells

PROBE = {"recording": "r", "width": 400, "height": 80, "roi": None, "flow": None, "pixel_um": None, "fps": None}


def boxes(*rows: tuple[float, ...]) -> pd.DataFrame:
    """Return boxes from (frame, x0, x1, y0, y1)."""
    table = pd.DataFrame(rows, columns=["frame", "x0", "x1", "y0", "y1"])
    return table.assign(
        **{"class": "slipper", "conf": 0.9, "cell": 0.9, "p_croissant": 0.1, "p_slipper": 0.9}, p_other=0
    )


def frames(numbers: list[int], digests: str | None = None) -> pd.DataFrame:
    return pd.DataFrame({"frame": numbers, "digest": list(digests) if digests else [str(n) for n in numbers]})


def evaluated(simulated: Simulated, probe: dict | None = None) -> tuple[float, float, link.LinkResult]:
    """Return relative errors of count and mean velocity against the truth of what could be followed."""
    probe = probe or simulated.probe
    links = link.link(simulated.boxes, simulated.frames, probe)
    table = cells(links, probe)
    counted = table[table["counted"].astype(bool)]
    true = simulated.true[simulated.true["found"]]
    velocity = counted["velocity_px_frame"].mean() / true["velocity_px_frame"].mean() - 1
    return len(counted) / len(true) - 1, velocity, links


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((100, 140), (145, 185), 45.0),
        ((0, 20), (25, 65), 45.0),  # entering: the nose says it
        ((340, 380), (385, 400), 45.0),  # leaving: the rear says it
        # entering, then leaving: no end in common, so a typical length (40) is set off from each
        ((0, 30), (370, 400), 370 - (30 - 40)),
    ],
)
def test_a_box_that_the_edge_cuts_is_placed_by_its_visible_end(first, second, expected):
    table = boxes((0, *first, 20, 40), (1, *second, 20, 40), (2, 100, 140, 20, 40))
    found = places.along(table, np.array([0, 1, 2]), (0, 0, 400, 80), "right")
    assert places.shift(found, np.array([0]), np.array([1])) == pytest.approx([expected])


@pytest.mark.parametrize(
    ("direction", "rear", "nose", "across"),
    [("right", 10, 30, 45), ("left", 370, 390, 45), ("down", 40, 50, 20), ("up", 30, 40, 20)],
)
def test_places_count_downstream_from_the_upstream_edge(direction, rear, nose, across):
    found = places.along(boxes((0, 10, 30, 40, 50)), np.array([0]), (0, 0, 400, 80), direction)
    assert (found.rear[0], found.nose[0], found.across[0]) == (rear, nose, across)


def test_pairs_are_all_boxes_of_one_frame_with_all_of_the_other():
    first, second = places.pairs(np.array([0, 0, 1, 2, 2]), 3, np.array([0, 1]), np.array([1, 2]))
    assert list(zip(first, second, strict=True)) == [(0, 2), (1, 2), (2, 3), (2, 4)]


def test_partners_are_nearest_both_ways():
    chosen = places.nearest_both_ways(np.array([0, 0, 1]), np.array([5, 6, 6]), np.array([3.0, 1.0, 2.0]))
    assert chosen.tolist() == [False, True, False]


def test_the_timeline_leaves_out_copies_and_keeps_gaps():
    line = flow.timeline(frames([3, 4, 5, 6, 9], "abbcd"))
    assert line.numbers.tolist() == [3, 4, 6, 9]
    assert line.steps.tolist() == [1, 2, 3]
    assert (line.base, line.repeated) == (1, (5,))


def test_frames_numbered_by_threes_are_consecutive():
    line = flow.timeline(frames([0, 3, 6, 12]))
    assert (line.base, line.steps.tolist()) == (3, [1, 1, 2])


@pytest.mark.parametrize(
    ("speed", "spacing"),
    [(5, 160), (10, 80), (20, 20), (30, 320), (45, 40), (45, 320), (80, 80), (120, 160), (120, 320)],
)
def test_counts_and_velocities_match_the_truth(speed, spacing):
    count, velocity, links = evaluated(simulate(Setup(speed=speed, spacing=spacing, cells=45), seed=4))
    assert links.flow.linkable and links.flow.direction == "right"
    assert abs(count) <= 0.07, count
    assert abs(velocity) <= 0.02, velocity


def test_fast_and_crowded_together_is_refused():
    _, _, links = evaluated(simulate(Setup(speed=120, spacing=20, cells=45), seed=4))
    assert not links.flow.linkable
    assert "too many for their speed" in links.flow.reason


@pytest.mark.parametrize(("direction", "words"), [("right", "to the right"), ("left", "to the left"), ("up", "up")])
def test_a_direction_is_said_in_words(direction, words):
    assert places.towards(direction) == words


@pytest.mark.parametrize("wrong", ["left", "up", "down"])
@pytest.mark.parametrize(("speed", "spacing"), [(20, 80), (45, 120), (80, 320)])
def test_a_flow_that_was_given_against_the_motion_is_named(wrong, speed, spacing):
    simulated = simulate(Setup(speed=speed, spacing=spacing, cells=45), seed=5)
    links = link.link(simulated.boxes, simulated.frames, simulated.probe | {"flow": wrong})
    right = link.link(simulated.boxes, simulated.frames, simulated.probe | {"flow": "right"}).flow
    assert right.linkable and not links.flow.linkable
    said = f"cells move {right.px_frame:.0f} pixels a frame to the right, and `flow` of the sheet says {wrong}"
    assert links.flow.reason == said


@pytest.mark.parametrize("direction", ["left", "up", "down"])
def test_the_direction_is_found_and_changes_nothing(direction):
    setup = Setup(speed=45, spacing=120, cells=30)
    count, velocity, links = evaluated(simulate(replace(setup, direction=direction), seed=5))
    right = evaluated(simulate(setup, seed=5))
    assert links.flow.direction == direction
    assert (count, velocity) == pytest.approx(right[:2], abs=1e-9)


@pytest.mark.parametrize(
    "harm",
    [
        {"lost": (20, 21, 40, 60, 61, 62)},
        {"uncounted": (20, 40, 41, 60)},
        {"stuck": (15, 45)},
        {"dirt": 2},
        {"misses": 0.12, "false_boxes": 0.15},
        {"jitter": 2.5},
    ],
)
def test_counts_survive(harm):
    setup = Setup(speed=45, spacing=60, cells=50, **{"false_boxes": 0.02, **harm})
    count, velocity, links = evaluated(simulate(setup, seed=6))
    assert links.flow.linkable, links.flow.reason
    assert abs(count) <= 0.08, count
    assert abs(velocity) <= 0.02, velocity


def test_a_repeated_frame_holds_the_cells_of_the_one_before():
    simulated = simulate(Setup(speed=30, spacing=60, cells=30, stuck=(10,)), seed=1)
    links = link.link(simulated.boxes, simulated.frames, simulated.probe)
    assert links.flow.repeated == (10,)
    held, before = (links.tracks[links.tracks["frame"] == number] for number in (10, 9))
    assert held["cell"].tolist() == before["cell"].tolist() and held["cell"].notna().all()
    assert links.frames.set_index("frame").loc[10, "repeated"]


def test_frames_the_camera_lost_uncounted_are_mended_in_time():
    simulated = simulate(Setup(speed=30, spacing=40, cells=40, merges=0.0, uncounted=(30,)), seed=2)
    links = link.link(simulated.boxes, simulated.frames, simulated.probe)
    assert links.flow.fixed == 1
    assert np.flatnonzero(np.diff(links.frames["time"]) == 2).tolist() == [29]


def test_a_box_over_two_cells_belongs_to_both():
    # two cells 60 apart along and 12 across, at 20 a frame; in frame 4 they share a box
    rows = []
    for k in range(9):
        rows += [(k, 20 * k + 10, 20 * k + 50, 30, 50), (k, 20 * k + 53, 20 * k + 93, 30, 50)] if k != 4 else []
        rows += [(4, 90, 173, 30, 50)] if k == 4 else []
        rows += [(k, 20 * k + 170, 20 * k + 210, 32, 52)]
    links = link.link(boxes(*rows), frames(list(range(9))), PROBE)
    shared = links.tracks[links.tracks["merged"]]
    assert shared[["frame", "x0", "x1"]].drop_duplicates().to_numpy().tolist() == [[4, 90, 173]]
    assert sorted(shared["cell"]) == [1, 2]
    table = cells(links, PROBE)
    assert table["velocity_px_frame"].to_numpy() == pytest.approx([20, 20, 20])
    assert table["length_px"].tolist() == [40, 40, 40]


def test_two_boxes_on_a_cell_are_one():
    table = boxes((0, 10, 50, 20, 40), (0, 12, 48, 21, 40), (0, 60, 100, 20, 40)).assign(conf=[0.5, 0.8, 0.9])
    assert link.doubles(table).tolist() == [True, False, False]


def disordered(simulated: Simulated) -> Simulated:
    """Return the frames in random order, as if a folder of pictures had been sorted by something else."""
    numbers = simulated.frames["frame"].to_numpy()
    new = dict(zip(numbers, np.random.default_rng(0).permutation(numbers), strict=True))
    return replace(simulated, boxes=simulated.boxes.assign(frame=simulated.boxes["frame"].map(new)))


def some(simulated: Simulated, count: int, digests: str) -> Simulated:
    """Return the first frames with other digests."""
    kept = simulated.boxes[simulated.boxes["frame"] < count]
    return replace(simulated, boxes=kept, frames=frames(list(range(count)), digests))


REFUSALS = {
    "frames in disorder": (disordered, "not consecutive"),
    "three frames": (lambda s: some(s, 3, "abc"), "3 different frames"),
    "one frame again and again": (lambda s: some(s, 8, "aaaaaaaa"), "1 frame that differs"),
    "no boxes": (lambda s: replace(s, boxes=s.boxes[:0]), "no boxes"),
    "six boxes": (lambda s: replace(s, boxes=s.boxes[:6]), "6 boxes"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_cannot_be_linked_is_refused(name):
    change, words = REFUSALS[name]
    simulated = change(simulate(Setup(speed=45, spacing=60, cells=40), seed=3))
    links = link.link(simulated.boxes, simulated.frames, simulated.probe)
    assert not links.flow.linkable
    assert words in links.flow.reason
    assert links.tracks["cell"].isna().all()


@pytest.mark.parametrize(("recording", "width", "seen"), [("cytoshot2023", 400, 35), ("naiad2024", 320, 11)])
def test_real_frames_that_nobody_can_follow_by_eye_are_not_followed(recording: str, width: int, seen: int):
    found = pd.read_csv(PROJECT / "resources/annotations/flow_public.csv").query("recording == @recording")
    numbers = found["frame_number"].unique().tolist()
    assert len(numbers) == seen
    rows = found.dropna(subset="x0")[["frame_number", "x0", "x1", "y0", "y1"]]
    links = link.link(boxes(*rows.itertuples(index=False)), frames(numbers), PROBE | {"width": width})
    assert not links.flow.linkable
    assert links.tracks["cell"].isna().all()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("speed", [300, 420, 700])
def test_speeds_beyond_the_limit_are_refused_and_not_guessed(speed, seed):
    simulated = simulate(Setup(speed=speed, spacing=60, cells=60, scatter=0.2), seed=seed)
    assert not link.link(simulated.boxes, simulated.frames, simulated.probe).flow.linkable


SURE = link.Flow(
    direction="right", px_frame=40.0, partners=0.9, chance=0.1, rival=0.2, nothing=0.1, pairs=100, reach=0.1
)


@pytest.mark.parametrize(
    ("doubt", "words"),
    [
        ({}, ""),
        ({"partners": 0.59}, "59% of the boxes have a partner"),
        ({"partners": 0.7, "chance": 0.41}, "41% by chance"),
        ({"pairs": 11}, "11 pairs"),
        ({"nothing": 0.41}, "frames that lie far apart agree on a displacement 41% as well"),
        ({"px_frame": 0.9}, "nothing flows"),
        ({"rival": 0.76}, "a second displacement explains 76%"),
        ({"reach": 0.31}, "31% of the field (limit 30%)"),
        ({"reach": 0.21, "room_px": 38.0}, "21% of the field, and on such a length there are 1.1 of them"),
    ],
)
def test_every_doubt_alone_refuses(doubt, words):
    reason = link._doubt(replace(SURE, **doubt))
    assert words in reason and bool(reason) == bool(doubt)


def test_fast_cells_are_followed_where_they_are_few_and_many_where_they_are_slow():
    assert not link._doubt(replace(SURE, reach=0.29, room_px=41.0))
    assert not link._doubt(replace(SURE, reach=0.2, room_px=5.0))


def test_an_even_train_is_refused():
    # cells 50 apart at 45 a frame are as well explained by 5 a frame backwards
    rows = [(k, x, x + 30, 30, 50) for k in range(30) for x in np.arange((45 * k) % 50, 370, 50)]
    found = link.link(boxes(*rows), frames(list(range(30))), PROBE).flow
    assert not found.linkable


def test_links_are_read_as_they_were_written(tmp_path):
    simulated = simulate(Setup(speed=45, spacing=60, cells=20, stuck=(5,)), seed=3)
    links = link.link(simulated.boxes, simulated.frames, simulated.probe)
    link.write(links, tmp_path)
    again = link.read(tmp_path)
    assert again.flow == links.flow
    pd.testing.assert_frame_equal(again.tracks, links.tracks)
    pd.testing.assert_frame_equal(again.frames, links.frames)
    (tmp_path / "tracks.parquet").write_bytes(b"no table")
    with pytest.raises(InputError, match=r"tracks\.parquet"):
        link.read(tmp_path)
