"""Ways to damage a whole input: each returns what breaks a file of a folder, or what changes in the configuration."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from malformed_inputs import PROJECT
from raw_inputs import noise
from rbcflow.cells.bank import digest
from rbcflow.runtime.provenance import sha256

GONE = "gone"
"""Stands for a key that is taken away."""


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
    """Put another file, or tensors, in the checkpoint's place and record its sum as if a training had written it."""

    def put(root: Path) -> None:
        best = root / "model/weights/best.pt"
        if isinstance(content, dict):
            import torch

            torch.save({name: torch.tensor(values) for name, values in content.items()}, best)
        else:
            best.write_bytes(content)
        entry = {"weights/best.pt": {"sha256": sha256(best), "state_sha256": "a" * 64}}
        (root / "model/training.json").write_text(json.dumps({"files": entry}))

    return put


class Runs:
    """What a pickle runs when somebody opens it."""

    def __reduce__(self) -> tuple:
        return (exec, ("raise SystemExit('the pickle was run')",))
