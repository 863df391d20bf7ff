"""The block `segmentation`: segmentation networks, and the extraction methods that need them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rbcflow.core.strict import Strict

NETWORKS: dict[str, tuple[str, ...]] = {
    "unet": ("unet",), "cellpose": ("cellpose",), "unet_cellpose": ("unet", "cellpose"), "yolo": ("yolo", "unet"),
}  # fmt: skip
"""The networks a method needs."""


class Segmentation(Strict):
    """The segmentation networks, and the comparison of all methods with truth."""

    pictures: int = Field(
        70, ge=4, description="practice pictures of each laboratory's phantom; as many again of simulated cells"
    )
    steps: int = Field(60, ge=5, description="batches of 16 practice pictures each network learns from")
    unet: str = Field(
        "trained", description="`trained` in this workflow, or a name from resources/weights.yaml (`unet_carvana.pth`)"
    )
    cellpose: str = Field(
        "trained",
        description="`trained` in this workflow, `finetuned` on its polygons, or a name from resources/weights.yaml",
    )
    diameter: Annotated[float, Field(gt=0)] | None = Field(
        None, description="cells' diameter in pixels for Cellpose's own networks; the preprint: 60"
    )
    yolo: str = Field("starter", description="detector of the method `yolo`, a name from resources/weights.yaml")
    finetune_steps: int = Field(120, ge=5, description="batches of annotated pictures in `finetune_cellpose`")
    scored_frames: int = Field(8, ge=1, description="frames of a source on which each method is compared with truth")
