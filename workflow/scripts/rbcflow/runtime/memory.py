"""How processes get their memory from glibc: huge pages for every job, freed memory kept by ``train_model``."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Mapping
from types import MappingProxyType

HUGE_PAGES: Mapping[str, str] = MappingProxyType({"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"})
"""For the environment a process starts in: where the kernel gives 2 MiB pages on request, glibc (from 2.35) asks."""


def keep_freed_memory() -> None:
    """Let this process keep the memory it frees for its next use, where its C library is glibc.

    By default large blocks go back to the system when they are freed and come back page by page, zeroed: every training
    step paid 1600 page faults an image for that, a tenth of its time.
    """
    threshold, trim = -3, -1  # M_MMAP_THRESHOLD, M_TRIM_THRESHOLD of malloc.h
    if platform.libc_ver()[0] == "glibc":
        library = ctypes.CDLL(None)
        library.mallopt(threshold, 1 << 30)
        library.mallopt(trim, 1 << 30)
