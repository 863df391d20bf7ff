"""The one module that touches Ultralytics' inside: what the library takes of it besides ``YOLO``, none of it promised.

Each name is looked up when it is first asked for, as Ultralytics is to be imported by ``setup.import_ultralytics``.
``tests/unit/test_internals.py`` fails where the installed version is another, and where another module reaches past
this one: read what changed in each of these names, and in what ours override, then enter the new version.
"""

from __future__ import annotations

import importlib
from typing import Any

VERSION = "8.4.190"
"""The version that these names were read at."""

NAMES: dict[str, tuple[str, ...]] = {
    "ultralytics.cfg": ("get_cfg",),
    "ultralytics.data.build": ("build_yolo_dataset",),
    "ultralytics.data.dataset": ("YOLODataset",),
    "ultralytics.engine.validator": ("BaseValidator",),
    "ultralytics.models.yolo.detect": (
        "DetectionTrainer",
        "DetectionValidator",
    ),
    "ultralytics.nn.modules": (
        "Detect",
        "OBB",
        "Pose",
        "Segment",
    ),
    "ultralytics.nn.tasks": (
        "load_checkpoint",
        "torch_safe_load",
    ),
    "ultralytics.utils": (
        "LOGGER",
        "SAFE_LOAD",
        "SETTINGS",
        "downloads",
    ),
    "ultralytics.utils.metrics": (
        "ConfusionMatrix",
        "ap_per_class",
        "box_iou",
    ),
    "ultralytics.utils.nms": ("non_max_suppression",),
    "ultralytics.utils.torch_utils": (
        "init_seeds",
        "strip_optimizer",
        "unwrap_model",
    ),
}
"""By module, what is taken of it."""

OVERRIDDEN = {
    "DetectionTrainer": (
        "_build_train_pipeline", "_setup_train", "build_dataset", "build_optimizer", "final_eval", "get_dataset",
        "get_validator", "optimizer_step", "preprocess_batch", "run_callbacks", "save_metrics", "save_model",
        "setup_model",
    ),
    "DetectionValidator": ("get_model",),
}  # fmt: skip
"""By class, what of it ours override or wrap."""

OURS = {"DetectionTrainer": "training/trainer.py", "DetectionValidator": "training/processor.py"}
"""The module with our class that derives from one."""


def __getattr__(name: str) -> Any:
    """Return one of ``NAMES``, so that it is imported from here like a name of this module."""
    module = next((module for module, names in NAMES.items() if name in names), None)
    if module is None:
        raise AttributeError(f"{name} is not listed in {__name__}.NAMES")
    whole = importlib.import_module(module)
    return getattr(whole, name) if hasattr(whole, name) else importlib.import_module(f"{module}.{name}")
