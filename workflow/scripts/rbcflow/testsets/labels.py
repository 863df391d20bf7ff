"""What the true boxes of a test set are: the key ``labels`` of ``testset.json``."""

from __future__ import annotations

from rbcflow.core.worded import Worded


class Labels(Worded):
    """Where true boxes come from."""

    ANNOTATIONS = "annotations", "the polygons of the annotation file; a box is a polygon's bounding box"
    TRUTH = (
        "truth",
        "known exactly, as the images were simulated or composed by this workflow, or as their source declares",
    )
    BACKGROUND = "background", "boxes found by background subtraction, not checked by a person"
    OUTLINES = "outlines", "boxes of cells that networks segmented, with the class of the folder they were sorted into"
    PROXY = "proxy", "boxes found by background difference, classes named by eye as stand-ins"
    GIVEN = (
        "given",
        "boxes of the folder’s own label files, as they are; who made them, and how, the files do not say",
    )
