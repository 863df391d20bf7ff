"""Device, precision and description of the processor for the rule ``train_model``."""

from __future__ import annotations

import platform
from pathlib import Path

import torch

PRECISIONS = ("auto", "float32", "bfloat16", "amp")


def choose_device(device: str) -> str:
    """Return ``cpu`` or a CUDA index such as ``0``; ``auto`` takes the first GPU if there is one."""
    if device == "auto":
        return "0" if torch.cuda.is_available() else "cpu"
    return device


def choose_precision(precision: str, device: str) -> str:
    """Return the precision to train in: ``float32``, ``bfloat16`` (CPU) or ``amp`` (the library's own, on a GPU).

    Args:
        precision: one of PRECISIONS; ``auto`` takes bfloat16 on a processor with bfloat16 instructions, where it is about
            twice as fast, and emulated and slow anywhere else.
        device: as returned by ``choose_device``.

    Raises:
        ValueError: the precision is unknown or the device does not have it.
    """
    offered = ("float32", "bfloat16") if device == "cpu" else ("float32", "amp")
    if precision == "auto":
        return "amp" if device != "cpu" else "bfloat16" if has_bfloat16() else "float32"
    if precision not in offered:
        raise ValueError(f"precision {precision!r} on device {device!r}: choose among auto, {', '.join(offered)}")
    return precision


def has_bfloat16() -> bool:
    """Return whether the processor multiplies bfloat16 itself (AVX512-BF16 or AMX)."""
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def processor() -> str:
    """Return the processor's model name."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
