"""The layouts of ``config/sources.yaml`` by name (rule ``register_raw``)."""

from __future__ import annotations

from pathlib import Path

from rbcflow.errors import InputError
from rbcflow.raw import flow_public, naples, nouaman2024

CHECKS = {module.LAYOUT: module.check for module in (nouaman2024, naples, flow_public)}


def check(layout: str, folder: Path) -> None:
    """Validate a folder of raw files before anything is computed from them.

    Args:
        layout: ``nouaman2024``, ``naples`` or ``flow_public``.
        folder: the source's files.

    Raises:
        InputError: the folder is absent or empty, or a file in it is wrong; names the file.
    """
    if not folder.is_dir():
        raise InputError(folder, "no such folder", f"a folder of layout {layout}")
    CHECKS[layout](folder)
