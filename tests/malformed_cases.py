"""Malformed inputs of every stage: what is broken, who reads it first, and what the error must name."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from malformed_inputs import PROJECT
from raw_inputs import noise, write_picture, write_tiff
from rbcflow.cells.bank import digest
from rbcflow.provenance import sha256


@dataclass(frozen=True)
class Case:
    """A malformed input.

    Attributes:
        reader: key of ``READERS``.
        what: what is broken.
        spoil: breaks the whole input in a folder; of a configuration, returns the keys that are replaced.
        file: end of the path that the error names.
        parts: pieces of the message: place, what was found, what was expected.
    """

    reader: str
    what: str
    spoil: Callable[[Path], Any]
    file: str
    parts: tuple[str, ...]


def change(**keys: object) -> Callable[[Path], dict]:
    """Replace keys of the configuration."""
    return lambda root: keys


def table(name: str, text: str | bytes) -> Callable[[Path], dict]:
    """Put another table in a table's place."""

    def put(root: Path) -> dict:
        file = root / Path(name).name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return {"tables": {Path(name).stem: str(file)}}

    return put


def appended(name: str, text: str) -> Callable[[Path], dict]:
    """Put a table with more text at its end in a table's place."""
    whole = (PROJECT / name).read_text()
    key = {"published_sets": "published"}.get(Path(name).stem, Path(name).stem)

    def put(root: Path) -> dict:
        file = root / Path(name).name
        file.write_text(whole + text)
        return {"tables": {key: str(file)}}

    return put


def edit(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Replace text in a file, where it must be."""

    def replace(root: Path) -> None:
        text = (root / name).read_text()
        assert old in text
        (root / name).write_text(text.replace(old, new, 1))

    return replace


def write(name: str, content: str | bytes) -> Callable[[Path], None]:
    """Put other content into a file."""
    return lambda root: (root / name).write_bytes(content if isinstance(content, bytes) else content.encode()) and None


def remove(name: str) -> Callable[[Path], None]:
    """Take a file away."""
    return lambda root: (root / name).unlink()


def rename(name: str, new: str) -> Callable[[Path], None]:
    """Give a file another name."""
    return lambda root: (root / name).rename(root / new) and None


def in_json(name: str, **keys: object) -> Callable[[Path], None]:
    """Replace keys of a JSON file; ``GONE`` removes a key."""

    def put(root: Path) -> None:
        content = json.loads((root / name).read_text()) | keys
        (root / name).write_text(json.dumps({key: value for key, value in content.items() if value is not GONE}))

    return put


def in_table(name: str, column: str, value: object) -> Callable[[Path], None]:
    """Put a value into the first row of a table."""

    def put(root: Path) -> None:
        content = pd.read_csv(root / name, dtype=str, keep_default_na=False)
        content.loc[0, column] = value
        content.to_csv(root / name, index=False)

    return put


def in_hdf5(key: str, values: object) -> Callable[[Path], None]:
    """Replace a dataset of the recording."""

    def put(root: Path) -> None:
        with h5py.File(root / "naiad2024.h5", "a") as file:
            del file[key]
            file[key] = values

    return put


def flow_rate(root: Path) -> None:
    """Write the flow rate as text."""
    with h5py.File(root / "naiad2024.h5", "a") as file:
        file.attrs["setup:flow rate"] = "fast"


def damaged_chunk(root: Path) -> None:
    """Damage the compressed pixels of an event, leaving every header whole."""
    path = root / "naiad2024.h5"
    with h5py.File(path, "a") as file:
        del file["events/image"]
        file.create_dataset("events/image", data=noise(2, 6, 8), chunks=(1, 6, 8), compression="gzip")
        place = file["events/image"].id.get_chunk_info(1)
    content = bytearray(path.read_bytes())
    content[place.byte_offset : place.byte_offset + place.size] = bytes(place.size)
    path.write_bytes(content)


def in_bank(**arrays: np.ndarray) -> Callable[[Path], None]:
    """Replace the first val cell's arrays and its sum, so that the table and the pixels agree."""

    def put(root: Path) -> None:
        cells = pd.read_csv(root / "bank/cells.csv", dtype=str, keep_default_na=False)
        with np.load(root / "bank/crops.npz") as stored:
            content = {name: stored[name] for name in stored.files}
        content |= {f"test-00009.{name}": array for name, array in arrays.items()}
        crop, mask = content["test-00009.crop"], content["test-00009.mask"] > 0
        cells.loc[9, "sha256"] = digest(crop, mask)
        cells.to_csv(root / "bank/cells.csv", index=False)
        np.savez_compressed(root / "bank/crops.npz", **content)

    return put


def in_predictions(name: str, values: list) -> Callable[[Path], None]:
    """Replace a column of the predictions."""

    def put(root: Path) -> None:
        content = pq.read_table(root / "predictions.parquet")
        number = content.column_names.index(name)
        pq.write_table(content.set_column(number, name, pa.array(values)), root / "predictions.parquet")

    return put


def predictions_metadata(text: bytes) -> Callable[[Path], None]:
    """Replace the metadata of the predictions."""

    def put(root: Path) -> None:
        content = pq.read_table(root / "predictions.parquet")
        pq.write_table(content.replace_schema_metadata({b"rbcflow": text}), root / "predictions.parquet")

    return put


def checkpoint(content: bytes | dict) -> Callable[[Path], None]:
    """Put another file in the checkpoint's place and record its sum as if a training had written it."""

    def put(root: Path) -> None:
        best = root / "model/weights/best.pt"
        torch.save(content, best) if isinstance(content, dict) else best.write_bytes(content)
        entry = {"weights/best.pt": {"sha256": sha256(best), "state_sha256": "a" * 64}}
        (root / "model/training.json").write_text(json.dumps({"files": entry}))

    return put


class Runs:
    """What a pickle runs when somebody opens it."""

    def __reduce__(self) -> tuple:
        return (exec, ("raise SystemExit('the pickle was run')",))


GONE = "gone"
RUN = "run\tmodel\ttestset\tpublished_as\n"
FRAME = "frames/blood_donor_1/0300mbar_1_00012.png"
PICTURE = {"id": 0, "width": 40, "height": 30, "file_name": f"../../{FRAME}"}
COCO = "annotations/result.json"
LABEL = "set/val/shards/000/labels/00001.txt"
SHARD = "set/val/shards/000"
ROW = "{title: t, banks: [nouaman2024]"
ENTRY = "licence: x, sha256: null"

CASES = [
    Case("configuration", "truth value for a number", change(seed=True), "configuration",
         ("key seed", "True", "a number")),
    Case("configuration", "text for a number", change(shard_size="many"), "configuration",
         ("shard_size", "'many'", "integer")),
    Case("configuration", "truth value in a list", change(training={"seeds": [True]}), "configuration",
         ("training.seeds", "[True]", "numbers or names")),
    Case("configuration", "section without content", change(training=None), "configuration",
         ("key training", "None", "dictionary")),
    Case("configuration", "device that is none", change(training={"device": "gpu"}), "configuration",
         ("training.device", "'gpu'", "auto|cpu")),
    Case("configuration", "equal seeds", change(training={"seeds": [1, 1]}), "configuration",
         ("key training", "must differ")),
    Case("configuration", "negative seed", change(training={"seeds": [-1]}), "configuration",
         ("training.seeds.0", "-1", "greater than or equal to 0")),
    Case("configuration", "no velocity", change(phantom={"velocities": []}), "configuration",
         ("phantom.velocities", "[]", "at least 1 item")),
    Case("configuration", "negative velocity", change(phantom={"velocities": [-0.1]}), "configuration",
         ("phantom.velocities.0", "-0.1", "greater than 0")),
    Case("configuration", "split without share", change(shares={"train": 0.5, "val": 0.0, "test": 0.5}),
         "configuration", ("shares.val", "0.0", "greater than 0")),
    Case("configuration", "negative diameter", change(segmenters={"diameter": -3.0}), "configuration",
         ("segmenters.diameter", "-3.0", "greater than 0")),
    Case("configuration", "unknown path variable", change(pathvars={"result": "x"}), "configuration",
         ("pathvars.result", "'results'")),
    Case("configuration", "unknown training argument", change(training={"overrides": {"mosiac": 0.5}}), "models.yaml",
         ("training.overrides", "'mosiac'", "did you mean 'mosaic'")),
    Case("configuration", "training argument the workflow sets", change(training={"overrides": {"epochs": 3}}),
         "models.yaml", ("training.overrides", "'epochs'", "set by the workflow")),
    Case("configuration", "unknown composer parameter", change(variants={"random": {"compose": {"overlpa": True}}}),
         "variants.yaml", ("random.compose", "'overlpa'", "did you mean 'overlap'")),
    Case("configuration", "range that ends before it starts",
         change(variants={"random": {"compose": {"gamma": [2, 1]}}}), "variants.yaml",
         ("random.compose", "gamma (2, 1) ends before it starts")),
    Case("configuration", "division by zero", change(variants={"random": {"compose": {"downscale": 0}}}),
         "variants.yaml", ("random.compose", "downscale must be 1 or more")),
    Case("configuration", "share above one", change(variants={"random": {"compose": {"other_drawn_share": 2}}}),
         "variants.yaml", ("random.compose", "other_drawn_share must be 0 to 1", "found 2")),
    Case("configuration", "negative count",
         change(variants={"random": {"compose": {"counts": { "croissant": [-1], "slipper": [1], "other": [1]}}}}),
         "variants.yaml", ("random.compose", "counts must be 0 or more")),
    Case("configuration", "classes in another order",
         change(variants={"random": {"compose": { "classes": ["slipper", "croissant"]}}}), "variants.yaml",
         ("random.compose", "croissant, slipper, other", "order")),
    Case("configuration", "name among the composer's parameters",
         change(variants={"random": {"compose": {"name": "x"}}}), "variants.yaml", ("random.compose", "'name'")),
    Case("configuration", "bank twice in a variant", change(variants={"random": {"banks": ["drawn", "drawn"]}}),
         "variants.yaml", ("random", "names drawn twice")),
    Case("configuration", "path twice in a bank", change(banks={"naples": {"paths": ["background", "background"]}}),
         "banks.yaml", ("naples", "names background twice")),
    Case("configuration", "phantom of recordings that none draws",
         change(sources={"flow_public": {"origin": "phantom"}}), "sources.yaml",
         ("flow_public", "no origin `phantom`", "`package`")),
    Case("configuration", "sum of a download that is none", change(sources={"kihm2018": {"sha256": "xyz"}}),
         "sources.yaml", ("kihm2018.sha256", "'xyz'", "[0-9a-f]{64}")),
    Case("configuration", "download from a file", change(sources={"kihm2018": {"url": "file:///etc/passwd"}}),
         "sources.yaml", ("kihm2018.url", "file:///etc/passwd", "https?")),
    Case("configuration", "name that leads elsewhere", table("config/variants.yaml", f"../up: {ROW}}}\n"),
         "variants.yaml", ("key ../up", "'../up'", "small letters, digits")),
    Case("configuration", "name for a shell", table("config/variants.yaml", f"'a; rm -rf b': {ROW}}}\n"),
         "variants.yaml", ("'a; rm -rf b'", "small letters, digits")),
    Case("configuration", "name that is a number", table("config/variants.yaml", f"7: {ROW}}}\n"), "variants.yaml",
         ("key 7", "the name 7")),
    Case("configuration", "row without content", table("config/variants.yaml", "random:\n"), "variants.yaml",
         ("key random", "None", "a mapping")),
    Case("configuration", "row twice",
         appended("config/banks.yaml", "drawn: {title: t, source: drawn, paths: [drawn]}\n"), "banks.yaml",
         ("line", "key 'drawn' twice", "each key once")),
    Case("configuration", "table in another encoding", table("config/banks.yaml", "titel: Größe\n".encode("latin-1")),
         "banks.yaml", ("not UTF-8",)),
    Case("configuration", "table that is a list", table("config/testsets.yaml", "- naples\n"), "testsets.yaml",
         ("found list", "a mapping")),
    Case("configuration", "empty table", table("config/models.yaml", ""), "models.yaml",
         ("found NoneType", "a mapping")),
    Case("configuration", "kind of test set on another layout",
         appended("config/testsets.yaml", "more: {title: t, source: nouaman2024, kind: naples}\n"), "testsets.yaml",
         ("more.source", "layout nouaman2024", "a source of layout naples")),
    Case("configuration", "test set with a variant's name",
         appended("config/testsets.yaml", "random_test: {title: t, source: naples, kind: naples}\n"), "testsets.yaml",
         ("'random_test'", "another")),
    Case("configuration", "no run", table("config/runs.tsv", RUN), "runs.tsv", ("row 2", "no run", "at least one row")),
    Case("configuration", "run with a field too many", table("config/runs.tsv", f"{RUN}a-on-b\trandom\tnaples\t\tx\n"),
         "runs.tsv", ("row 2", "5 fields", "4")),
    Case("configuration", "runs in another encoding", table("config/runs.tsv", RUN.encode() + b"\xff\n"), "runs.tsv",
         ("not UTF-8",)),
    Case("configuration", "run without model", table("config/runs.tsv", f"{RUN}a-on-b\n"), "runs.tsv",
         ("row 2", "model", "string")),
    Case("configuration", "weights without sum",
         appended("resources/weights.yaml", "a.pt: {url: https://x/a, licence: x}\n"), "weights.yaml",
         ("key a.pt", "url, licence", "sha256")),
    Case("configuration", "weights with a sum that is none",
         appended("resources/weights.yaml", "a.pt: {url: https://x/a, licence: x, sha256: ABC}\n"), "weights.yaml",
         ("key a.pt", "'ABC'", "64 hexadecimal")),
    Case("configuration", "weights from nowhere", appended("resources/weights.yaml", f"a.pt: {{{ENTRY}}}\n"),
         "weights.yaml", ("key a.pt", "url None and path None", "one of the two")),
    Case("configuration", "weights whose name leads elsewhere",
         appended("resources/weights.yaml", f"../a.pt: {{url: https://x/a, {ENTRY}}}\n"), "weights.yaml",
         ("'../a.pt'", "a file's name")),
    Case("configuration", "weights from an address that is none",
         appended("resources/weights.yaml", f"a.pt: {{url: ftp://x/a, {ENTRY}}}\n"), "weights.yaml",
         ("key a.pt", "ftp://x/a", "https://")),
    Case("configuration", "registry that is no list", table("paper/figures.yaml", "a: 1\n"), "figures.yaml",
         ("a dict", "a list of figures")),
    Case("configuration", "registry that is not YAML", table("paper/figures.yaml", "- [a\n"), "figures.yaml",
         ("not YAML", "line 2")),
    Case("configuration", "figure that is a word", table("paper/figures.yaml", "- raw_frames\n"), "figures.yaml",
         ("figure 1", "'raw_frames'", "a mapping")),
    Case("source", "record cut off", edit("kihm2018/source.json", '"sha256"', ""), "source.json",
         ("no JSON", "the record of")),
    Case("source", "record without key", in_json("kihm2018/source.json", folder=GONE), "source.json",
         ("no key folder",)),
    Case("source", "record that is a list", write("kihm2018/source.json", "[]"), "source.json", ("a JSON list",)),
    Case("source", "unknown status", in_json("kihm2018/source.json", status="perhaps"), "source.json",
         ("key status", "'perhaps'", "'available'")),
    Case("source", "files gone", in_json("kihm2018/source.json", folder="gone/away"), "source.json",
         ("key folder", "no folder gone/away", "delete this record")),
    Case("manifest", "line that is no sum", write("kihm2018.sha256", "zz  Slipper/a.bmp\n"), "kihm2018.sha256",
         ("line 1", "zz  Slipper/a.bmp", "a sha256, two blanks and a path")),
    Case("manifest", "binary", write("kihm2018.sha256", b"\xff\xfe\x00"), "kihm2018.sha256", ("line 1", "a sha256")),
    Case("raw nouaman2024", "video of another suffix",
         rename("videos/blood_donor_1/0300mbar_2.avi", "videos/blood_donor_1/0300mbar_2.AVI"), "0300mbar_2.AVI",
         ("'.AVI'", ".avi")),
    Case("raw nouaman2024", "video in another container", write("videos/blood_donor_1/a.mp4", b"x"), "a.mp4",
         ("'.mp4'", ".avi")),
    Case("raw nouaman2024", "annotations gone", remove(COCO), COCO, ("no such file", "COCO export")),
    Case("raw naples", "stack of another suffix", rename("v 0.12 cm:s/glob002.tif", "v 0.12 cm:s/glob002.TIFF"),
         "glob002.TIFF", (".TIFF", ".tif")),
    Case("raw naples", "pages of two sizes",
         lambda root: write_tiff(root / "v 0.12 cm:s/glob001.tif", [noise(6, 9, 3), noise(9, 6, 3)]), "glob001.tif",
         ("page 1", "(9, 6, 3)", "(6, 9, 3)")),
    Case("raw kihm2018", "picture of another kind", write("Slipper/a.bmp", b"GIF89a"), "a.bmp",
         ("no readable picture",)),
    Case("raw kihm2018", "folder in the place of a picture", lambda root: (root / "Slipper/c.bmp").mkdir(), "c.bmp",
         ("no such file", "an 8-bit picture")),
    Case("raw liang2024", "picture on its side",
         lambda root: write_picture( root / "Slipper/50_C001H001S0001_0002.bmp", noise(100, 66, 3)), "0002.bmp",
         ("66x100", "100x50 or 100x66")),
    Case("raw flow_public", "damaged pixels", damaged_chunk, "naiad2024.h5",
         ("events/image, event 1", "do not decode")),
    Case("raw flow_public", "frame numbers that are none", in_hdf5("events/frame", np.array([1.0, np.nan])),
         "naiad2024.h5", ("events/frame", "finite frame numbers")),
    Case("raw flow_public", "flow rate as text", flow_rate, "naiad2024.h5", ("setup:flow rate", "'fast'", "ul/s")),
    Case("raw flow_public", "images as numbers of another type", in_hdf5("events/image", np.zeros((2, 6, 8))),
         "naiad2024.h5", ("events/image", "float64", "8-bit")),
    Case("coco", "image twice",
         in_json(COCO, images=[PICTURE, {**PICTURE, "id": 1}]),
         COCO, ("images", "2 times", "each image once")),
    Case("coco", "id that is a list", in_json(COCO, categories=[{"id": [1], "name": "Slipper"}]), COCO,
         ("categories", "without id")),
    Case("coco", "annotation of a list of images", in_json(COCO, annotations=[{"id": 7, "image_id": [0]}]), COCO,
         ("annotation 7", "unknown image_id [0]")),
    Case("coco", "images that are words", in_json(COCO, images=["a.png"]), COCO,
         ("images", "without id", "COCO entries")),
    Case("coco", "export cut off", edit(COCO, '"annotations"', ""), COCO, ("no JSON", "a COCO export")),
    Case("annotations", "class that is none", edit("annotations.csv", "single,slipper", "single,banana"),
         "annotations.csv", ("line 2, column proxy_class", "'banana'", "croissant, slipper, other")),
    Case("annotations", "half a box", edit("annotations.csv", "1,1,5,4", "1,1,5,"), "annotations.csv",
         ("line 2", "a whole box")),
    Case("annotations", "box that ends before it starts", edit("annotations.csv", "1,1,5,4", "5,1,1,4"),
         "annotations.csv", ("line 2, column x0", "5.0", "x0 < x1")),
    Case("annotations", "box outside the frame", edit("annotations.csv", "1,1,5,4", "1,1,9,4"), "annotations.csv",
         ("line 2", "box 1 1 9 4", "8x6 pixels")),
    Case("annotations", "text for a number", edit("annotations.csv", "1,1,5,4", "one,1,5,4"), "annotations.csv",
         ("'one'", "boxes and proxy classes")),
    Case("annotations", "column gone", edit("annotations.csv", "proxy_class", "class"), "annotations.csv",
         ("header", "no column proxy_class")),
    Case("bank", "empty table", write("bank/cells.csv", ""), "cells.csv", ("No columns", "the table of a cell bank")),
    Case("bank", "kept neither true nor false", in_table("bank/cells.csv", "kept", "no"), "cells.csv",
         ("column kept", "True or False")),
    Case("bank", "text for a coordinate", in_table("bank/cells.csv", "x0", "left"), "cells.csv",
         ("'left'", "cell bank")),
    Case("bank", "text for a grey", in_table("bank/cells.csv", "background", "grey"), "cells.csv", ("cell bank",)),
    Case("bank", "box that ends before it starts", in_table("bank/cells.csv", "x1", "-99"), "cells.csv",
         ("cell test-00000", "ends before it starts")),
    Case("bank", "table in another encoding", write("bank/cells.csv", b"cell_id\n\xff\xfe\n"), "cells.csv",
         ("no table", "utf-8")),
    Case("bank's pixels", "pixels gone", remove("bank/crops.npz"), "crops.npz", ("an unreadable file", "cell bank")),
    Case("bank's pixels", "crop and mask of two sizes", in_bank(mask=np.full((3, 3), 255, np.uint8)), "crops.npz",
         ("cell test-00009", "(3, 3)", "one shape")),
    Case("bank's pixels", "crop in colour", in_bank(crop=np.zeros((9, 9, 3), np.uint8), mask=np.ones((9, 9), np.uint8)),
         "crops.npz", ("cell test-00009", "(9, 9, 3)", "8-bit grey crop")),
    Case("bank's pixels", "empty mask", in_bank(crop=np.zeros((9, 9), np.uint8), mask=np.zeros((9, 9), np.uint8)),
         "crops.npz", ("cell test-00009", "an empty mask")),
    Case("splits", "table gone", remove("splits.csv"), "splits.csv", ("no such file", "which cell may appear where")),
    Case("splits", "column gone", edit("splits.csv", "split", "side"), "splits.csv", ("header", "no column split")),
    Case("splits", "side that is none", in_table("splits.csv", "split", "valid"), "splits.csv",
         ("line 2, column split", "'valid'", "train, val, test")),
    Case("splits", "cell on two sides",
         lambda root: (root / "splits.csv").open("a").write("test-00000,test,croissant,g0,val\n"), "splits.csv",
         ("column cell_id", "'test-00000'", "each cell once")),
    Case("splits", "class that is none", in_table("splits.csv", "class", "banana"), "splits.csv",
         ("line 2, column class", "'banana'")),
    Case("shards", "sums gone", remove(f"{SHARD}/digests.csv"), "digests.csv", ("no such file", "the sums")),
    Case("shards", "sum cut off", in_table(f"{SHARD}/digests.csv", "sha256", "abc"), "digests.csv",
         ("line 2, column sha256", "'abc'", "64 hexadecimal")),
    Case("shards", "image without sum", in_table(f"{SHARD}/digests.csv", "index", "7"), "digests.csv",
         ("no sum of image 0",)),
    Case("shards", "index that is text", in_table(f"{SHARD}/metadata.csv", "index", "first"), "metadata.csv",
         ("'first'", "the images of a shard")),
    Case("shards", "class with a decimal point", write(LABEL, "1.0 .5 .5 .1 .1\n"), "00001.txt",
         ("line 1", "1.0 .5", "a class below 3")),
    Case("shards", "image of another kind", write(f"{SHARD}/images/00001.png", b"\xff\xd8\xff JPEG"), "00001.png",
         ("another kind of file", "a PNG image")),
    Case("dataset", "description gone", remove("data/data.yaml"), "data.yaml", ("no such file", "the description")),
    Case("dataset", "description that is not YAML", write("data/data.yaml", "names: [a"), "data.yaml",
         ("no YAML", "line 1")),
    Case("dataset", "description without names", write("data/data.yaml", "train: train.txt\nval: val.txt\n"),
         "data.yaml", ("train, val, names",)),
    Case("dataset", "classes in another order", edit("data/data.yaml", "0: croissant", "0: slipper"), "data.yaml",
         ("names", "slipper, slipper, other", "the first of croissant, slipper, other")),
    Case("dataset", "list gone", remove("data/train.txt"), "train.txt", ("no such file", "a list of images")),
    Case("dataset", "list that leaves the dataset", edit("data/val.txt", "./val", "../elsewhere/val"), "val.txt",
         ("line 1", "../elsewhere/val", "does not leave the dataset")),
    Case("dataset", "image gone", remove("data/train/shards/000/images/00000.png"), "train.txt",
         ("no file train/shards/000/images/00000.png",)),
    Case("variant's images", "list with a name that is no number",
         lambda root: (root / "set/test.txt").write_text( "./test/shards/000/images/first.png\n") and None, "test.txt",
         ("line 1", "first.png", "named by its number")),
    Case("variant's images", "label with text for a number",
         write("set/test/shards/000/labels/00000.txt", "1 .5 x .1 .1\n"), "00000.txt",
         ("line 1", "1 .5 x", "class id, xc, yc, w, h")),
    Case("variant's images", "label far outside", write("set/test/shards/000/labels/00000.txt", "1 5 5 .1 .1\n"),
         "00000.txt", ("line 1", "1 5 5")),
    Case("test set", "description cut off", write("set/testset.json", '{"name": "set"'), "testset.json",
         ("no JSON", "a test set")),
    Case("test set", "description without status", in_json("set/testset.json", status=GONE), "testset.json",
         ("no key status",)),
    Case("test set", "frames gone", remove("set/frames.csv"), "frames.csv", ("no such file", "a table of a test set")),
    Case("test set", "frame twice", in_table("set/frames.csv", "frame", "1"), "frames.csv",
         ("column frame", "each frame once")),
    Case("test set", "image gone", remove("set/images/00001.png"), "00001.png", ("frame 1", "no such file")),
    Case("test set", "image of another size", lambda root: write_picture(root / "set/images/00001.png", noise(5, 5)),
         "00001.png", ("frame 1", "5x5", "120x60 as in frames.csv")),
    Case("test set", "record that is not JSON", write("model/training.json", "{"), "training.json",
         ("no JSON", "a training")),
    Case("test set", "record without files", write("model/training.json", "{}"), "training.json", ("no key files",)),
    Case("test set", "record without sums", write("model/training.json", '{"files": {"weights/best.pt": {}}}'),
         "training.json", ("files, weights/best.pt", "sha256 and state_sha256")),
    Case("checkpoint", "text with a right sum", checkpoint(b"no checkpoint at all"), "best.pt",
         ("no checkpoint that opens",)),
    Case("checkpoint", "cut off with a right sum", checkpoint(b"PK\x03\x04 cut off"), "best.pt",
         ("no checkpoint that opens",)),
    Case("checkpoint", "tensors without a network", checkpoint({"a": torch.zeros(1)}), "best.pt",
         ("no checkpoint that opens",)),
    Case("checkpoint", "code with a right sum", checkpoint(pickle.dumps(Runs())), "best.pt",
         ("no checkpoint that opens",)),
    Case("predictions", "scores as text", in_predictions("conf", ["high"]), "predictions.parquet",
         ("column conf", "string values", "numbers")),
    Case("predictions", "classes as numbers", in_predictions("class", [1]), "predictions.parquet",
         ("column class", "int64 values", "names")),
    Case("predictions", "score above one", in_predictions("conf", [90.0]), "predictions.parquet",
         ("row 0", "confidence 90", "0 to 1")),
    Case("predictions", "box that ends before it starts", in_predictions("x1", [1.0]), "predictions.parquet",
         ("row 0", "x0 <= x1")),
    Case("predictions", "metadata that is no JSON", predictions_metadata(b"{"), "predictions.parquet",
         ("schema", "no JSON", "rbcflow")),
    Case("predictions", "truth with a box inside out", in_table("set/truth.csv", "x1", "1.0"), "truth.csv",
         ("row 0", "x0 <= x1")),
    Case("predictions", "truth with text for a number", in_table("set/truth.csv", "x1", "right"), "truth.csv",
         ("text", "numbers")),
    Case("model", "record gone", remove("random/seed-0/training.json"), "training.json",
         ("no such file", "a training")),
    Case("model", "curves without a metric", edit("random/seed-0/results.csv", "metrics/recall(B)", "recall"),
         "results.csv", ("header", "no column metrics/recall(B)")),
    Case("model", "curves without the best epoch", edit("random/seed-0/results.csv", "\n1,", "\n2,"), "results.csv",
         ("0 rows of epoch 1",)),
    Case("model", "curves empty", write("random/seed-0/results.csv", ""), "results.csv", ("No columns", "the curves")),
]  # fmt: skip
