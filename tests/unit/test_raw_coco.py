"""Polygon annotations and the manifest of stage raw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from raw_inputs import IMAGE, write_coco
from rbcflow.cells.methods import polygons
from rbcflow.core.errors import InputError
from rbcflow.laboratories.nouaman2024 import reader as nouaman2024
from rbcflow.sources import manifest
from rbcflow.sources.coco import read_coco
from rbcflow.sources.listing import listed

SQUARE = [10, 5, 20, 5, 20, 15, 10, 15]


def export(root: Path, **changes) -> Path:
    """Write a 40x30 frame and an export with one square; changes replace keys of the annotation."""
    annotation = {"id": 7, "image_id": 0, "category_id": 1, "segmentation": [SQUARE]} | changes
    return write_coco(root, [annotation])


def test_polygon_is_read_with_class_and_half_open_box(tmp_path):
    (image,) = read_coco(export(tmp_path), tmp_path)
    (polygon,) = image.polygons
    assert (image.path.as_posix(), image.width, image.height) == (IMAGE, 40, 30)
    assert (polygon.annotation_id, polygon.class_, polygon.box) == (7, "slipper", (10.0, 5.0, 20.0, 15.0))


def test_image_without_annotation_is_kept(tmp_path):
    (image,) = read_coco(write_coco(tmp_path, []), tmp_path)
    assert image.polygons == ()


def test_vertex_on_the_edge_is_inside_and_rounding_is_clipped(tmp_path):
    path = export(tmp_path, segmentation=[[-0.3, 0, 40.0001, 0, 40, 30]])
    (polygon,) = read_coco(path, tmp_path)[0].polygons
    assert polygon.box == (0.0, 0.0, 40.0, 30.0)


def test_parts_of_a_polygon_are_one_object(tmp_path):
    path = export(tmp_path, segmentation=[SQUARE, [25, 5, 29, 5, 29, 9]])
    (polygon,) = read_coco(path, tmp_path)[0].polygons
    assert (polygon.box, polygon.area, len(polygon.parts)) == ((10.0, 5.0, 29.0, 15.0), 100 + 8, 2)
    (outlined,) = polygons.outline(tmp_path, "s", "nouaman2024", min_area=1)
    (found,) = outlined.found
    # rows of the second part: 4, 3, 2 and 1 centres of pixels, those on the slope included
    assert (np.count_nonzero(found.mask[:, :22]), np.count_nonzero(found.mask[:, 22:])) == (100, 4 + 3 + 2 + 1)


def test_annotated_frame_knows_its_recording(tmp_path):
    export(tmp_path)
    (annotated,) = nouaman2024.annotated_frames(tmp_path)
    assert (annotated.donor, annotated.recording) == ("blood_donor_1", "blood_donor_1/0300mbar_1")
    assert (annotated.index, annotated.condition) == (12, "300 mbar")
    assert (annotated.load("elsewhere").source, annotated.load().image.shape) == ("elsewhere", (30, 40))


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"image_id": 5}, "unknown image_id 5"),
        ({"category_id": 9}, "unknown category_id 9"),
        ({"segmentation": [[1, 1, 2, 2]]}, "2 points"),
        ({"segmentation": [[1, 1, 2, 2, 3]]}, "2.5 points"),
        ({"segmentation": [[1, 1, float("nan"), 2, 3, 3]]}, "NaN"),
        ({"segmentation": [[1, 1, "x", 2, 3, 3]]}, "no number"),
        ({"segmentation": [[1, 1, 41, 2, 3, 3]]}, "vertex (41, 2)"),
        ({"segmentation": [[1, 1, 3, -2, 3, 3]]}, "vertex (3, -2)"),
        ({"segmentation": {"counts": "abc"}}, "segmentation"),
        ({"segmentation": []}, "segmentation []"),
        ({"segmentation": [SQUARE, [1, 1, 2, 2]]}, "2 points"),
    ],
)
def test_bad_annotation_is_named(tmp_path, changes, found):
    with pytest.raises(InputError) as error:
        read_coco(export(tmp_path, **changes), tmp_path)
    assert found in str(error.value)
    assert error.value.where == "annotation 7"


@pytest.mark.parametrize(
    ("image", "found"),
    [
        ({"file_name": "../../frames/none.png"}, "missing image"),
        ({"width": 41}, "size (41, 30)"),
        ({"file_name": "../../../outside.png"}, "outside.png"),
    ],
)
def test_bad_image_is_named(tmp_path, image, found):
    with pytest.raises(InputError) as error:
        read_coco(write_coco(tmp_path, [], **image), tmp_path)
    assert found in str(error.value)
    assert error.value.where == "image 0"


def test_unknown_class_is_named_with_the_known_ones(tmp_path):
    with pytest.raises(InputError, match="unknown class 'Banana'; known are croissant") as error:
        read_coco(write_coco(tmp_path, [], name="Banana"), tmp_path)
    assert error.value.where == "category 1"


def test_repeated_id_is_named(tmp_path):
    annotation = {"id": 3, "image_id": 0, "category_id": 1, "segmentation": [SQUARE]}
    with pytest.raises(InputError, match="id 3 2 times"):
        read_coco(write_coco(tmp_path, [annotation, annotation]), tmp_path)


def test_manifest_is_written_then_checked(tmp_path):
    raw, kept = tmp_path / "raw", tmp_path / "raw.sha256"
    (raw / "a").mkdir(parents=True)
    (raw / "a" / "x.bmp").write_text("one")
    (raw / ".hidden.bmp").write_text("no matter")
    # sha256 of "one", by sha256sum
    digest = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
    assert manifest.check(listed(raw), kept) == {"a/x.bmp": digest}
    assert kept.read_text() == f"{digest}  a/x.bmp\n"
    (raw / ".hidden.bmp").write_text("still no matter")
    (raw / "notes.txt").write_text("no data")
    assert manifest.check(listed(raw), kept) == {"a/x.bmp": digest}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda raw: (raw / "x.bmp").write_text("two"), "changed content"),
        (lambda raw: (raw / "x.bmp").unlink(), "no such file"),
        (lambda raw: (raw / "y.bmp").write_text("new"), "a new file"),
    ],
)
def test_manifest_names_the_file_that_differs(tmp_path, change, found):
    raw, kept = tmp_path / "raw", tmp_path / "raw.sha256"
    raw.mkdir()
    (raw / "x.bmp").write_text("one")
    (raw / "z.bmp").write_text("stays")
    manifest.check(listed(raw), kept)
    change(raw)
    with pytest.raises(InputError, match=found):
        manifest.check(listed(raw), kept)
    # what the source's entry ignores is not compared
    if found != "no such file":
        manifest.check(listed(raw, ignore=["x.*", "y.*"]), kept)
