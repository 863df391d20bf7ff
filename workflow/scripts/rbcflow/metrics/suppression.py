"""The second evaluation of a run: one object gets one box, whatever its class (stage metrics).

A detector's own suppression works class by class, as in Ultralytics' validation and hence in the preprint's numbers: a
cell may keep a box for each class, and all but one count as false positives. Here boxes of all classes compete. It is
computed from the stored predictions; nothing is predicted anew.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from rbcflow.core.boxes import remaining
from rbcflow.metrics.inputs import BOX


def one_box_a_cell(predictions: pd.DataFrame, iou: float) -> pd.DataFrame:
    """Return the predictions that remain when boxes of all classes compete, frame by frame.

    Args:
        predictions: boxes with columns ``frame, conf, x0, y0, x1, y1``, falling confidence within a frame.
        iou: overlap from which only the most confident box remains.

    Returns:
        The same columns, rows numbered anew.
    """
    remains = np.zeros(len(predictions), dtype=bool)
    corners = predictions[BOX].to_numpy(dtype=float)
    for rows in pd.DataFrame({"frame": predictions["frame"].to_numpy()}).groupby("frame").indices.values():
        remains[rows] = remaining(corners[rows], iou)
    return predictions[remains].reset_index(drop=True)
