"""The one door to Ultralytics for training, prediction and the loading of weights: an import without side effects."""

from __future__ import annotations

import importlib.util
import logging
import os
from pathlib import Path

INTEGRATIONS = ("sync", "clearml", "comet", "dvc", "mlflow", "raytune", "tensorboard", "wandb")


def import_ultralytics(config: Path) -> None:
    """Import Ultralytics so that it stays off the network, out of the home folder and off the screen.

    Has an effect on the first import of a process alone: Ultralytics reads its environment once. Modules that name
    Ultralytics at their top are imported after this call.

    Args:
        config: private folder for the settings file Ultralytics insists on; made if absent.

    Raises:
        RuntimeError: albumentations is importable, which would silently add blur, greying and CLAHE to training; or
            Ultralytics was imported in another way before, and would run the code that a checkpoint may hold.
    """
    if importlib.util.find_spec("albumentations"):
        raise RuntimeError("albumentations is installed: Ultralytics would add its augmentations; remove it")
    config.mkdir(parents=True, exist_ok=True)
    os.environ.update(
        YOLO_CONFIG_DIR=str(config),
        YOLO_OFFLINE="true",
        YOLO_AUTOINSTALL="false",
        YOLO_VERBOSE="false",
        ULTRALYTICS_SAFE_LOAD="1",
    )
    from rbcflow.detector.internals import LOGGER, SAFE_LOAD, SETTINGS, downloads

    if not SAFE_LOAD:
        raise RuntimeError("Ultralytics was imported before import_ultralytics: it would run code that weights hold")
    # Offline by its settings, it still tries: on a GPU for a network to test mixed precision with, which it would open.
    downloads.safe_download = _refuse
    LOGGER.setLevel(logging.WARNING)
    if any(SETTINGS[key] for key in INTEGRATIONS):
        SETTINGS.update(dict.fromkeys(INTEGRATIONS, False))


def _refuse(url: str, *_: object, **__: object) -> None:
    """Stand in for Ultralytics' download; where one is missing it goes on without, and says so."""
    raise ConnectionError(f"{url} is not downloaded: weights come from resources/weights.yaml, with their sha256")
