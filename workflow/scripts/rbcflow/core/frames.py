"""A frame of a recording, as every reader yields it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Frame:
    """One image of a recording.

    Attributes:
        image: (H, W) or (H, W, 3) uint8; three channels are R, G, B.
        source: a key of ``config/sources.yaml``.
        donor: blood donor, empty where unknown.
        recording: name of the video or stack inside the source, unique there.
        index: zero-based position in the recording.
        condition: flow condition as written by the laboratory (``300 mbar``, ``0.12 cm/s``), empty where unknown.
        label: class of the one cell that a crop shows, as the laboratory sorted it; empty for frames of recordings.
        group: the unit that must not be divided between splits, where it is not the recording.
        file: where the image was read from, relative to the source's folder, for messages; empty for videos and stacks.
    """

    image: NDArray[np.uint8]
    source: str
    donor: str
    recording: str
    index: int
    condition: str = ""
    label: str = ""
    group: str = ""
    file: str = ""

    @property
    def unit(self) -> str:
        """The group the frame's cells belong to."""
        return self.group or self.recording

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.shape[1], self.image.shape[0]


def to_grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (H, W) uint8 grey of a grey or R, G, B image: the ITU-R 601 weights OpenCV uses."""
    if image.ndim == 2:
        return image
    weighted = image[..., :3].astype(np.float32) @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    return np.rint(weighted).astype(np.uint8)
