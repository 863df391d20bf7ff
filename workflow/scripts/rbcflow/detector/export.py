"""A detector as ONNX, with proof that it gives the same boxes: rule ``export_model``."""

from __future__ import annotations

import importlib.util
import json
import tempfile
import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rbcflow.core.errors import InputError
from rbcflow.detector.setup import import_ultralytics
from rbcflow.detector.sizes import batches, padded
from rbcflow.detector.weights import class_names, every_place, load_verified, recorded

NEEDED = ("onnx", "onnxruntime")
OPSET = 17
FLOOR = 0.001
"""Boxes below this confidence are not compared: nothing uses them."""


def export(weights: Path, images: list[Path], output: Path, report: Path, *, threads: int) -> dict[str, Any]:
    """Write a detector as ONNX for images of one shape and compare its raw boxes with PyTorch's.

    Args:
        weights: ``weights/best.pt`` of a model folder, whose ``training.json`` vouches for it.
        images: frames to compare on, all of one shape, which becomes the input's, padded to the network's stride.
        output: ``.onnx`` file to write; input ``images`` (1, 3, H, W) float32 in 0..1, R, G, B; output ``boxes``
            (1, 4 + classes, anchors): centre, width and height in pixels, then a score a class, before suppression.
        report: JSON file to write.
        threads: processor threads.

    Returns:
        What was written to ``report``: classes, shape, and the largest difference of a box side and of a score among
        boxes above FLOOR.

    Raises:
        InputError: a package that ONNX needs is absent, or weights are missing, changed, or know other classes.
    """
    if absent := [name for name in NEEDED if not importlib.util.find_spec(name)]:
        raise InputError("ONNX export", f"no package {', '.join(absent)}", f"{' and '.join(NEEDED)} installed")
    known = recorded(weights)
    with tempfile.TemporaryDirectory() as config:
        import_ultralytics(Path(config))
        network = load_verified(weights, known["sha256"])
        every_place(network, weights)
    classes = class_names(network.names.values(), weights)
    batch = _read(images, int(network.stride.max()))
    _write_onnx(network, batch[:1], output, classes, threads)
    result = {"model_hash": known["state_sha256"], "classes": classes, "input": list(batch[:1].shape), "opset": OPSET}
    result |= {"images": len(batch), "confidence_floor": FLOOR, **_parity(network, output, batch, threads)}
    report.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return result


def _read(images: list[Path], stride: int) -> NDArray[np.float32]:
    """Return (N, 3, H, W) in 0..1, padded to multiples of the stride."""
    frames = [cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB) for path in images]
    size = batches([frames[0].shape[1::-1]], None, stride)[0].padded
    stacked = np.stack([padded(frame, size)[0] for frame in frames])
    return stacked.transpose(0, 3, 1, 2).astype(np.float32) / 255


def _write_onnx(network: Any, batch: NDArray[np.float32], output: Path, classes: list[str], threads: int) -> None:
    import onnx
    import torch

    torch.set_num_threads(threads)
    head = network.model[-1]
    head.export, head.format, head.dynamic = True, "onnx", False
    with warnings.catch_warnings(), torch.inference_mode():
        # the exporter by tracing needs no further package; its successor needs onnxscript
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network, (torch.from_numpy(batch),), output, dynamo=False, opset_version=OPSET, input_names=["images"],
            output_names=["boxes"],
        )  # fmt: skip
    head.export = False
    model = onnx.load(output)
    onnx.helper.set_model_props(model, {"names": json.dumps(classes), "licence": "AGPL-3.0"})
    onnx.checker.check_model(model)
    onnx.save(model, output)


def _parity(network: Any, output: Path, batch: NDArray[np.float32], threads: int) -> dict[str, Any]:
    """Return the largest differences between PyTorch and ONNX Runtime on a batch, image by image."""
    import onnxruntime
    import torch

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(output, options, providers=["CPUExecutionProvider"])
    boxes, scores, compared = 0.0, 0.0, 0
    for image in batch:
        with torch.inference_mode():
            expected = network(torch.from_numpy(image[None]))[0].numpy()[0]
        found = session.run(["boxes"], {"images": image[None]})[0][0]
        evaluated = np.maximum(expected[4:], found[4:]).max(axis=0) >= FLOOR
        compared += int(evaluated.sum())
        gap = np.abs(expected - found)
        scores = max(scores, float(gap[4:].max()))
        boxes = max(boxes, float(gap[:4, evaluated].max(initial=0.0)))
    return {"boxes_compared": compared, "largest_box_difference_px": boxes, "largest_score_difference": scores}
