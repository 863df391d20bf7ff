"""Does the same training give the same weights? A small one made twice and compared: rule ``verify_training``."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from rbcflow.detector.setup import import_ultralytics
from rbcflow.detector.weights import load_verified, recorded
from rbcflow.training.linked_dataset import read_description
from rbcflow.training.train import train


def subset(data_yaml: Path, folder: Path, images: Mapping[str, int]) -> Path:
    """Write a description of the first images of a dataset's splits and return it.

    Args:
        data_yaml: the dataset's ``data.yaml``.
        folder: where to write ``data.yaml`` and the image lists.
        images: how many images of each split.
    """
    description = read_description(data_yaml)
    folder.mkdir(parents=True, exist_ok=True)
    root = data_yaml.parent.resolve()
    for split, count in images.items():
        lines = (root / description[split]).read_text(encoding="utf-8").splitlines()[:count]
        text = "".join(f"{(root / line).as_posix()}\n" for line in lines)
        (folder / f"{split}.txt").write_text(text, encoding="utf-8")
    chosen = {split: f"{split}.txt" for split in images} | {"names": description["names"]}
    (folder / "data.yaml").write_text(yaml.safe_dump(chosen), encoding="utf-8")
    return folder / "data.yaml"


def verify_training(data_yaml: Path, output: Path, *, images: Mapping[str, int], **arguments: Any) -> dict[str, Any]:
    """Train twice on the first images of a dataset and write how far the weights are apart.

    Args:
        data_yaml: the dataset's ``data.yaml``.
        output: JSON file to write; work is done in a folder beside it, which is removed.
        images: how many images of ``train`` and ``val``.
        arguments: of ``train``.

    Returns:
        What was written: the hashes of both states, the largest difference of a value and its tensor.
    """
    work = output.with_suffix("")
    shutil.rmtree(work, ignore_errors=True)
    data = subset(data_yaml, work / "data", images)
    folders = [work / "first", work / "second"]
    for folder in folders:
        train(data, folder, **arguments)
    result = compare(*(folder / "weights" / "last.pt" for folder in folders), config=work / "config")
    record = json.loads((folders[0] / "training.json").read_text(encoding="utf-8"))
    kept = ("architecture", "epochs", "batch", "seed", "device", "processor", "precision", "threads", "versions")
    result |= {"images": dict(images)} | {name: record[name] for name in kept}
    output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(work)
    return result


def compare(first: Path, second: Path, *, config: Path) -> dict[str, Any]:
    """Return the largest difference between the values of two model folders' checkpoints.

    Args:
        first: a checkpoint of a model folder, vouched for by its ``training.json``.
        second: another of the same network.
        config: private folder for the settings of Ultralytics.
    """
    import_ultralytics(config)
    states = [load_verified(path, recorded(path)["sha256"]).float().state_dict() for path in (first, second)]
    gaps = {name: float((value - states[1][name]).abs().max()) for name, value in states[0].items()}
    worst = max(gaps, key=gaps.__getitem__)
    return {
        "state_sha256": [recorded(path)["state_sha256"] for path in (first, second)],
        "tensors": len(gaps),
        "tensors_that_differ": sum(gap > 0 for gap in gaps.values()),
        "largest_difference": gaps[worst],
        "largest_in": worst if gaps[worst] else None,
    }
