"""Device, precision and description of the processor (``probe_pixels``, ``train_model``, ``predict_<model>``)."""

from __future__ import annotations

import fcntl
import logging
import os
import platform
import tempfile
from pathlib import Path
from typing import TextIO

logger = logging.getLogger(__name__)

HELD: list[TextIO] = []
"""Locks of the GPUs that this process holds; they end with it."""

# torch takes seconds to load, and the rules ask for the processor's name on every dry run.


def choose_device(device: str, *, alone: bool = False) -> str:
    """Return ``cpu`` or a CUDA index such as ``0``; ``auto`` takes a GPU if there is one that can be seen.

    The index is one of PyTorch's, which counts the devices that ``CUDA_VISIBLE_DEVICES`` and a cluster's job leave to
    be seen. Of several, the first that no other process of this machine holds is taken; the first of all where none is
    free.

    Args:
        device: ``auto``, or what is returned.
        alone: hold the device until this process ends, so that trainings beside each other have one each.
    """
    import torch

    if device != "auto":
        return device
    if not torch.cuda.is_available():
        return "cpu"
    count = torch.cuda.device_count()
    for index in range(count):
        if _is_free(str(torch.cuda.get_device_properties(index).uuid), hold=alone):
            return str(index)
    if alone:
        logger.warning(
            "none of %d GPUs is free: sharing the first; fewer jobs at a time by `--resources gpu=...`", count
        )
    return "0"


def _is_free(gpu: str, *, hold: bool) -> bool:
    """Return whether no process holds a GPU, and hold it where asked."""
    lock = Path(tempfile.gettempdir()) / f"rbcflow-{os.getuid()}-{gpu}.lock"
    file = lock.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return False
    HELD.append(file)
    if not hold:
        HELD.pop().close()
    return True


def choose_precision(precision: str, device: str) -> str:
    """Return the precision to train in: ``float32``, ``bfloat16`` or, on a GPU, ``amp``, the library's own.

    Args:
        precision: one of these or ``auto``: on a CPU bfloat16 where the processor computes in it, which is about twice
            as fast; without such instructions it is emulated and slow.
        device: as returned by ``choose_device``.
    """
    if precision != "auto":
        return precision
    if device != "cpu":
        return "amp"
    return "bfloat16" if has_bfloat16() else "float32"


def has_bfloat16() -> bool:
    """Return whether the processor multiplies bfloat16 itself (AVX512-BF16 or AMX)."""
    import torch

    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def processor() -> str:
    """Return the processor's model name."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
