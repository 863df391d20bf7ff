"""A page around a GIF, since Snakemake's own report shows pages but no GIFs (rule ``draw_run``)."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from PIL import Image


def _uri(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def write_player(gif: Path, output: Path) -> None:
    """Write a page of one file that plays a GIF, or shows its first frame to readers who asked for reduced motion.

    Args:
        gif: the animation.
        output: the HTML file.
    """
    still = io.BytesIO()
    with Image.open(gif) as image:
        image.convert("RGB").save(still, "PNG")
        width, height = image.size
    output.write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Predicted boxes</title>'
        "<style>body{margin:0}img{max-width:100%;height:auto}</style><picture>"
        f'<source media="(prefers-reduced-motion: reduce)" srcset="{_uri(still.getvalue(), "png")}">'
        f'<img src="{_uri(gif.read_bytes(), "gif")}" width="{width}" height="{height}" alt="Predicted boxes">'
        "</picture></html>\n",
        encoding="utf-8",
    )
