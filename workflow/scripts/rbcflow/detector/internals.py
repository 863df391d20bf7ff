"""What of Ultralytics the library leans on besides ``YOLO``: none of it is promised to stay.

``tests/unit/test_internals.py`` fails where the installed version is another, and where a name is used that is not
here: read what changed in each of these names, and in the trainer and validator that ours derive from, then enter the
new version.
"""

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
"""By module, what is imported of it."""

OVERRIDDEN = {
    "DetectionTrainer": (
        "_build_train_pipeline", "_setup_train", "build_dataset", "build_optimizer", "final_eval", "get_dataset",
        "get_validator", "optimizer_step", "preprocess_batch", "run_callbacks", "save_metrics", "save_model",
        "setup_model",
    ),
    "DetectionValidator": ("__call__",),
}  # fmt: skip
"""By class, what of it ours override, or wrap (``training/trainer.py``, ``training/processor.py``)."""
