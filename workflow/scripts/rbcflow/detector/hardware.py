"""Device, precision and description of the processor (``probe_pixels``, ``train_model``, ``predict_<model>``)."""

from __future__ import annotations

import platform
from pathlib import Path

# torch takes seconds to load, and the rules ask for the processor's name on every dry run.


def choose_device(device: str) -> str:
    """Return ``cpu`` or a CUDA index such as ``0``; ``auto`` takes the first GPU if there is one."""
    import torch

    if device == "auto":
        return "0" if torch.cuda.is_available() else "cpu"
    return device


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
