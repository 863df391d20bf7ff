"""The block `phantom`: how much is simulated where a laboratory's recordings are absent."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rbcflow.core.strict import Strict


class Phantom(Strict):
    """How much the phantom simulates where a laboratory's recordings are absent."""

    donors: int = Field(7, ge=2, description="blood donors with videos (Saarland)")
    recordings_per_donor: int = Field(5, ge=1, description="videos a donor, each at one pressure (Saarland)")
    frames_per_recording: int = Field(36, ge=2, description="frames a video (Saarland)")
    annotate_every: int = Field(3, ge=1, description="every n-th frame carries polygon annotations (Saarland)")
    crops_per_class: int = Field(400, ge=0, description="segmented crops of croissants and of slippers each (Saarland)")
    velocities: list[Annotated[float, Field(gt=0)]] = Field(
        [0.12, 0.44, 0.7, 1.0], min_length=1, description="velocities in cm/s, a folder each (Naples)"
    )
    tiffs_per_velocity: int = Field(3, ge=1, description="TIFF stacks a velocity (Naples)")
    pages: int = Field(14, ge=3, description="pages a TIFF stack; the laboratory's have 13 to 21 (Naples)")
    raw_crops_per_folder: int = Field(
        3, ge=0, description="crops with background for each category and pressure (Saarland)"
    )
    kihm_per_class: int = Field(70, ge=1, description="crops of croissants and of slippers each (Kihm)")
    kihm_s3_scale: float = Field(
        0.05, gt=0, description="share of the published counts a pressure and class, at least 1 (Kihm)"
    )
    liang_scale: float = Field(0.06, gt=0, description="share of the published pictures a shape, at least 1 (Liang)")
    simulated_per_class: int = Field(300, ge=4, description="cells a class simulated for the `synthetic` variant")
