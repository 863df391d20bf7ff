"""Test sets: what each kind holds, and that it reads back."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pandas as pd
import pytest
import tifffile

from project_copy import PROJECT
from raw_inputs import noise, write_picture, write_recording
from rbcflow.cells.bank import Cell, write_bank
from rbcflow.cells.cut import Job, cut_cells
from rbcflow.cells.splits import write_splits
from rbcflow.core.classes import CLASSES
from rbcflow.core.errors import InputError
from rbcflow.sources import laboratories
from rbcflow.testsets import files as testsets
from rbcflow.testsets import registry
from rbcflow.testsets.composed import build_variant_test

CLASSES_OF_EXPORT = [{"id": 0, "name": "Croissant"}, {"id": 1, "name": "Slipper"}]


def saarland(root, donors=3, recordings=2, frames=2):
    """Write annotated frames: each has one square in the middle and one at the left edge, each second frame nothing."""
    images, annotations = [], []
    for donor in range(1, donors + 1):
        for recording in range(1, recordings + 1):
            for index in range(frames):
                name = f"frames/blood_donor_{donor}/0{recording}00mbar_1_{index:05d}.png"
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(root / name), np.full((30, 40), 10 * donor + recording, np.uint8))
                number = len(images)
                images.append({"id": number, "width": 40, "height": 30, "file_name": f"../../{name}"})
                if index % 2 == 0:
                    for category, x in ((0, 15), (1, 0)):
                        points = [x, 8, x + 10, 8, x + 10, 20.5, x, 20.5]
                        annotations.append(
                            {
                                "id": len(annotations),
                                "image_id": number,
                                "category_id": category,
                                "segmentation": [points],
                            }
                        )
    (root / "annotations").mkdir()
    document = {"images": images, "categories": CLASSES_OF_EXPORT, "annotations": annotations}
    (root / "annotations/result.json").write_text(json.dumps(document))
    return root


def naples(root, pages=6):
    """Write two stacks: a dark ellipse 80 x 50 in the middle of every second page and a half one at the left edge."""
    for name in ("glob001", "glob002"):
        images = np.full((pages, 128, 300, 3), 150, np.uint8)
        for index in range(0, pages, 3):
            for x in (150, 0):
                cv2.ellipse(images[index], (x, 60), (40, 25), 0, 0, 360, (60, 60, 60), -1)
        folder = root / "v 0.12 cm:s"
        folder.mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(folder / f"{name}.tif", images, photometric="rgb")
    return root


def build(kind, raw, folder, **changes):
    """Build a test set of a kind with plain arguments."""
    laboratory, own = laboratories.kinds()[kind]
    offered = {"name": kind, "source": "src", "origin": ["phantom"], "max_frames": 100, "scheme": "grouped"}
    offered |= {"exact_truth": False, "background": own.background} | changes
    return registry.build(registry.builder(kind, laboratory.layout), raw, folder, offered)


def test_saarland_donors_shows_held_out_recordings_only(tmp_path):
    testset = build("saarland_donors", saarland(tmp_path / "raw", donors=6), tmp_path / "set")
    assert sorted(set(testset.frames["recording"])) == [
        "blood_donor_5/0100mbar_1", "blood_donor_5/0200mbar_1", "blood_donor_6/0100mbar_1", "blood_donor_6/0200mbar_1",
    ]  # fmt: skip
    assert len(testset.frames) == 8
    assert testset.truth.query("frame == 0").values.tolist() == [
        [0, "croissant", 15, 8, 25, 20.5, "single"],
        [0, "slipper", 0, 8, 10, 20.5, "edge"],
    ]
    assert set(testset.truth["frame"]) == {0, 2, 4, 6}
    assert testset.frames.iloc[1].tolist() == [
        1, "images/00001.png", "blood_donor_5", "blood_donor_5/0100mbar_1", 1, "100 mbar", 40, 30, "",
    ]  # fmt: skip
    assert (testset.image(2) == 52).all()
    assert testset.image(2).shape == (30, 40)
    assert (testset.meta["labels"], testset.meta["classes_evaluated"]) == ("annotations", "true")
    assert (testset.meta["n_frames"], testset.meta["n_boxes"], testset.meta["status"]) == (8, 8, "available")
    assert testset.meta["origin"] == ["phantom"]


def test_saarland_one_donor_and_scheme_paper(tmp_path):
    raw = saarland(tmp_path / "raw")
    one = build("saarland_one_donor", raw, tmp_path / "one")
    assert set(one.frames["donor"]) == {"blood_donor_3"}
    assert len(one.frames) == 4
    everything = build("saarland_donors", raw, tmp_path / "all", scheme="paper")
    assert len(everything.frames) == 12


def test_no_training_cell_comes_from_a_test_recording(tmp_path):
    raw = saarland(tmp_path / "raw", donors=4, recordings=3)
    write_bank(tmp_path / "bank", cut_cells(["polygon", "segmented_crop"], Job("nouaman2024", "nouaman2024", raw)))
    shares = {"train": 0.7, "val": 0.15, "test": 0.15}
    table = write_splits([tmp_path / "bank"], tmp_path / "s.csv", scheme="grouped", shares=shares, seed=0)
    shown = set(build("saarland_donors", raw, tmp_path / "set").frames["recording"])
    trained = set(table.loc[table["split"] != "test", "group"])
    assert len(shown) == 3
    assert len(trained) == 9
    assert not shown & trained


def naples_with_truth(root):
    """Write the stacks of ``naples`` with a phantom's table of objects beside them."""
    raw = naples(root)
    (raw / "truth").mkdir()
    columns = "recording,frame,object,class,kind,x0,y0,x1,y1,area_px,touches_edge"
    rows = ["v 0.12 cm:s/glob001,3,0,slipper,tank,110,35,191,86,3000,False",
            "v 0.12 cm:s/glob001,3,1,croissant,bell,0,35,41,86,1500,True"]  # fmt: skip
    (raw / "truth/objects.csv").write_text("\n".join([columns, *rows]) + "\n")
    return raw


def test_naples_phantom_has_exact_truth(tmp_path):
    testset = build("naples", naples_with_truth(tmp_path / "raw"), tmp_path / "set", exact_truth=True)
    assert testset.truth.values.tolist() == [
        [3, "slipper", 110, 35, 191, 86, "tank"],
        [3, "croissant", 0, 35, 41, 86, "edge"],
    ]
    assert len(testset.frames) == 12
    assert (testset.meta["labels"], testset.meta["classes_evaluated"]) == ("truth", "true")
    assert testset.image(3).shape == (128, 300, 3)
    assert testset.frames.iloc[3]["condition"] == "0.12 cm/s"


@pytest.mark.parametrize("write", [naples, naples_with_truth])
def test_naples_recordings_get_boxes_without_class(tmp_path, write):
    """A table of objects that happens to lie in a folder of own files is no truth unless the record says so."""
    testset = build("naples", write(tmp_path / "raw"), tmp_path / "set", origin=["raw"], max_frames=5)
    assert (testset.meta["labels"], testset.meta["classes_evaluated"]) == ("background", "false")
    assert list(zip(testset.frames["recording"].str[-1], testset.frames["index"], strict=True)) == [
        ("1", 0), ("1", 3), ("2", 0), ("2", 2), ("2", 5),
    ]  # fmt: skip
    assert set(testset.truth["class"]) == {"other"}
    assert testset.truth.groupby("frame")["kind"].agg(sorted).to_dict() == {n: ["edge", "single"] for n in (0, 1, 2)}
    single = testset.truth.query("frame == 1 and kind == 'single'")
    assert single[["x0", "y0", "x1", "y1"]].values[0] == pytest.approx([110, 35, 191, 86], abs=1)


ANNOTATIONS = """recording,frame_number,frame,object,x0,y0,x1,y1,kind,proxy_class
naiad2024,7,0,0,1,1,4,3,single,croissant
naiad2024,7,0,1,5,1,8,3,edge,other
naiad2024,9,2,,,,,,,
"""


def test_flow_public_has_proxy_classes_and_empty_frames(tmp_path):
    write_recording(tmp_path / "raw/naiad2024.h5", [7, 7, 9])
    table = tmp_path / "table.csv"
    table.write_text(ANNOTATIONS)
    testset = build("flow_public", tmp_path / "raw", tmp_path / "set", annotations=table, origin=["public"])
    assert testset.truth.values.tolist() == [
        [0, "croissant", 1, 1, 4, 3, "single"],
        [0, "other", 5, 1, 8, 3, "edge"],
    ]
    assert testset.frames["index"].tolist() == [0, 2]
    assert (testset.image(1) == 20).all()
    assert (testset.meta["labels"], testset.meta["classes_evaluated"]) == ("proxy", "proxy")


def test_shipped_annotations_are_whole():
    table = pd.read_csv(PROJECT / "resources/annotations/flow_public.csv")
    boxes = table.dropna(subset="object")
    assert table.groupby("recording")["frame"].nunique().to_dict() == {"cytoshot2023": 35, "naiad2024": 11}
    assert (len(boxes), int(table["object"].isna().sum())) == (78, 4)
    assert set(boxes["proxy_class"]) == set(CLASSES)
    assert set(boxes.loc[boxes["kind"] != "single", "proxy_class"]) == {"other"}
    width = boxes["recording"].map({"cytoshot2023": 400, "naiad2024": 320})
    assert ((boxes["x0"] >= 0) & (boxes["x0"] < boxes["x1"]) & (boxes["x1"] <= width)).all()
    assert ((boxes["y0"] >= 0) & (boxes["y0"] < boxes["y1"]) & (boxes["y1"] <= 80)).all()


def test_flow_public_table_that_does_not_fit(tmp_path):
    write_recording(tmp_path / "raw/naiad2024.h5", [7, 7, 10])
    table = tmp_path / "table.csv"
    table.write_text(ANNOTATIONS)
    with pytest.raises(InputError, match="frame 2 with number 9 of naiad2024") as error:
        build("flow_public", tmp_path / "raw", tmp_path / "set", annotations=table)
    assert error.value.where == "line 4"


def dataset(root, labels):
    """Write a variant's test split of 20x10 images, one a label text."""
    shard = root / "test/shards/000"
    for number, text in enumerate(labels):
        for kind in ("images", "labels"):
            (shard / kind).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(shard / f"images/{number:05d}.png"), noise(10, 20))
        (shard / f"labels/{number:05d}.txt").write_text(text)
    lines = [f"./test/shards/000/images/{number:05d}.png\n" for number in range(len(labels))]
    (root / "test.txt").write_text("".join(lines))
    return root


def test_variant_test_refers_to_the_datasets_images(tmp_path):
    root = dataset(tmp_path / "datasets/random", ["1 0.5 0.5 0.2 0.4\n0 0.05 0.5 0.1 0.2\n", ""])
    folder = tmp_path / "testsets/random_test"
    testset = build_variant_test(root, folder, name="random_test", origin=["phantom"], max_frames=9)
    assert testset.truth.values.tolist() == [
        [0, "slipper", 8, 3, 12, 7, "single"],
        [0, "croissant", 0, 4, 2, 6, "edge"],
    ]
    assert testset.frames["path"][1] == "../../datasets/random/test/shards/000/images/00001.png"
    assert np.array_equal(testset.image(1), noise(10, 20))
    assert list((folder / "images").iterdir()) == []
    assert testset.frames["recording"].nunique() == 2
    assert testset.meta["source"] == "random"


@pytest.mark.parametrize("text", ["3 0.5 0.5 0.1 0.1\n", "0 0.5 0.5 0.1\n", "slipper 0.5 0.5 0.1 0.1\n"])
def test_variant_test_names_a_bad_label(tmp_path, text):
    root = dataset(tmp_path / "random", ["", text])
    with pytest.raises(InputError, match="class id, xc, yc, w, h") as error:
        build_variant_test(root, tmp_path / "set", name="random_test", origin=[], max_frames=9)
    assert error.value.path.endswith("labels/00001.txt")
    assert error.value.where == "line 1"


def test_max_frames_are_evenly_spaced(tmp_path):
    testset = build("saarland_donors", saarland(tmp_path / "raw", frames=5), tmp_path / "set", max_frames=4)
    assert testset.frames["index"].tolist() == [0, 3, 1, 4]


def test_fingerprint_follows_pixels_and_truth_only(tmp_path):
    raw = saarland(tmp_path / "raw")
    first = build("saarland_donors", raw, tmp_path / "a")
    again = build("saarland_donors", raw, tmp_path / "b", name="renamed")
    fewer = build("saarland_donors", raw, tmp_path / "b", max_frames=3)
    assert first.meta["fingerprint"] == again.meta["fingerprint"] != fewer.meta["fingerprint"]
    assert len(list((tmp_path / "b/images").iterdir())) == 3
    picture = raw / "frames/blood_donor_3/0100mbar_1_00001.png"
    image = cv2.imread(str(picture), cv2.IMREAD_UNCHANGED)
    image[0, 0] += 1
    cv2.imwrite(str(picture), image)
    assert build("saarland_donors", raw, tmp_path / "c").meta["fingerprint"] != first.meta["fingerprint"]


def test_unavailable(tmp_path):
    testset = testsets.write_unavailable(tmp_path, name="flow_public", source="flow_public", reason="no index")
    assert not testset.available
    assert (testset.meta["status"], testset.meta["reason"]) == ("unavailable", "no index")
    assert len(testset.frames) == len(testset.truth) == 0
    again = testsets.read_testset(tmp_path)
    assert list(again.frames.columns) == list(testset.frames.columns)


def test_broken_test_set(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        testsets.read_testset(tmp_path)
    build("saarland_donors", saarland(tmp_path / "raw"), tmp_path / "set")
    truth = pd.read_csv(tmp_path / "set/truth.csv")
    truth.assign(frame=99).to_csv(tmp_path / "set/truth.csv", index=False)
    with pytest.raises(InputError, match="frame 99"):
        testsets.read_testset(tmp_path / "set")
    truth.drop(columns="kind").to_csv(tmp_path / "set/truth.csv", index=False)
    with pytest.raises(InputError, match="no column kind"):
        testsets.read_testset(tmp_path / "set")


def simulated_truth(raw, rows):
    """Write a phantom's table of objects: recording, frame, class, x0, y0, x1, y1, touches_edge."""
    (raw / "truth").mkdir()
    columns = "recording,frame,object,class,kind,x0,y0,x1,y1,area_px,touches_edge"
    lines = [
        f"{rec},{frame},0,{name},cell,{x0},{y0},{x1},{y1},99,{edge}" for rec, frame, name, x0, y0, x1, y1, edge in rows
    ]
    (raw / "truth/objects.csv").write_text("\n".join([columns, *lines]) + "\n")


@pytest.mark.parametrize("simulated", [True, False])
def test_singapore_pictures_carry_the_folders_class(tmp_path, simulated):
    raw = tmp_path / "raw"
    for shape, number in (("Parachute", 1), ("Parachute", 2), ("Slipper", 3), ("Rolling", 4)):
        write_picture(raw / shape / f"50_C001H001S0001_{number:04d}.bmp", np.full((50, 100, 3), 100 + number, np.uint8))
    simulated_truth(
        raw, [("Parachute", 1, "croissant", 20, 10, 60, 40, False), ("Slipper", 0, "slipper", 0, 5, 9, 9, True)]
    )
    cells = [
        Cell("liang2024", "croissant", "", "Parachute", 1, (20, 10, 60, 40), "cellpose", "g",
             np.full((30, 40), 9, np.uint8), np.ones((30, 40), bool)),
        Cell("liang2024", "croissant", "", "Parachute", 0, (20, 10, 60, 40), "cellpose", "g",
             np.full((30, 40), 8, np.uint8), np.ones((30, 40), bool), reason="too_small"),
    ]  # fmt: skip
    write_bank(tmp_path / "bank", cells)
    testset = build("singapore_raw", raw, tmp_path / "set", cells=tmp_path / "bank/cells.csv", exact_truth=simulated)
    assert testset.frames["label"].tolist() == ["croissant", "croissant", "slipper"]
    assert set(testset.frames["recording"]) == {"50_C001H001S0001"}
    found = testset.truth[["frame", "class", "x0", "y0", "x1", "y1", "kind"]].values.tolist()
    assert found[0] == [1, "croissant", 20, 10, 60, 40, "cell" if simulated else "single"]
    assert found[1:] == ([[2, "slipper", 0, 5, 9, 9, "edge"]] if simulated else [])
    assert testset.meta["labels"] == ("truth" if simulated else "outlines")


def test_naples_as_the_preprint_wrote_it(tmp_path):
    images = np.full((9, 128, 300, 3), (160, 150, 140), np.uint8)
    for page, *cells in ((0, (150, 40, 25)), (2, (150, 40, 15)), (4, (30, 40, 25)), (5, (150, 40, 25), (240, 30, 22))):
        for x, a, b in cells:  # whole; too low; at the edge; two, of which the larger one is kept
            cv2.ellipse(images[page], (x, 60), (a, b), 0, 0, 360, (60, 60, 60), -1)
    (tmp_path / "raw/v 0.12 cm:s").mkdir(parents=True)
    tifffile.imwrite(tmp_path / "raw/v 0.12 cm:s/glob001.tif", images, photometric="rgb")
    testset = build("naples_published", tmp_path / "raw", tmp_path / "set")
    assert testset.frames["index"].tolist() == [0, 5]
    assert testset.truth["frame"].tolist() == [0, 1] and set(testset.truth["class"]) == {"other"}
    assert testset.truth[["x0", "y0", "x1", "y1"]].values[1] == pytest.approx([110, 35, 191, 86], abs=1)
    assert testset.image(0)[0, 0].tolist() == [140, 150, 160], "red and blue are exchanged"
    assert testset.meta["classes_evaluated"] == "false"


def test_singapores_held_out_pictures_are_those_the_preprint_trained_on_no_cell_of(tmp_path):
    raw = tmp_path / "raw"
    for shape in ("Parachute", "Slipper", "Rolling"):
        for number in range(1, 11):
            name = f"50_C001H001S0001_{number:04d}.bmp"
            write_picture(raw / shape / name, np.full((50, 100, 3), 100 + number, np.uint8))
    cells = [
        Cell("liang2024", class_, "", shape, frame, (20, 10, 60, 40), "cellpose", "g",
             np.full((30, 40), 9, np.uint8), np.ones((30, 40), bool))
        for shape, class_ in (("Parachute", "croissant"), ("Slipper", "slipper"))
        for frame in range(10)
    ]  # fmt: skip
    table = write_bank(tmp_path / "bank", cells)
    splits = write_splits(
        [tmp_path / "bank"],
        tmp_path / "splits.csv",
        scheme="paper",
        shares={},
        seed=0,
        paper={"liang2024": laboratories.known()["liang2024"].paper_shares},
    )
    files = {"cells": tmp_path / "bank/cells.csv", "splits": tmp_path / "splits.csv"}
    testset = build("singapore_held_out", raw, tmp_path / "set", exact_truth=False, **files)
    # one of ten of a class trains
    assert testset.frames["label"].value_counts().to_dict() == {"croissant": 9, "slipper": 9}
    trained = table[table["cell_id"].isin(splits.query("split == 'train'")["cell_id"])]
    shown = set(zip(testset.frames["condition"], testset.frames["index"], strict=True))
    assert not shown & set(zip(trained["recording"], trained["frame"], strict=True))
    assert len(testset.truth) == 18 and testset.meta["labels"] == "outlines"


def test_a_bank_without_cells_holds_none_out_and_that_is_said_aloud(tmp_path, caplog):
    """So with networks of the toy scale, which outline no cell."""
    write_bank(tmp_path / "bank", [])
    write_splits([tmp_path / "bank"], tmp_path / "splits.csv", scheme="paper", shares={}, seed=0)
    files = {"cells": tmp_path / "bank/cells.csv", "splits": tmp_path / "splits.csv"}
    testset = build("singapore_held_out", tmp_path / "raw", tmp_path / "set", exact_truth=True, **files)
    reason = "the bank bank kept no cell, so the preprint's split holds none out"
    assert (testset.meta["status"], testset.meta["reason"]) == ("unavailable", reason)
    assert [record.levelname for record in caplog.records if reason in record.getMessage()] == ["WARNING"]
