"""What is wrong with the text of a figure as a reader sees it, by Matplotlib's own extents; shared by tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from unittest.mock import patch

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from rbcflow.core import names

SHOWN = {1366: (470, 9.0), 390: (342, 7.0)}
"""Least width of a figure (two plots side by side) and least size of its text in CSS pixels, by the page's width."""

SLACK = 0.75
"""Points by which extents may touch: Matplotlib's have room above and below the letters."""


@contextmanager
def evaluated(complaints: dict[str, list[str]]) -> Iterator[None]:
    """Within the block, figures are laid out and evaluated instead of written; an empty file takes their place.

    Args:
        complaints: gets what is wrong with each figure, by the name of its file.
    """

    def evaluate(figure: Figure, file: Path, **_: object) -> None:
        Path(file).touch()
        complaints[f"{Path(file).parent.name}/{Path(file).stem}"] = faults(figure)

    with patch.object(Figure, "savefig", evaluate):
        yield


def faults(figure: Figure) -> list[str]:
    """Return a sentence for each text that is too small, lies on another or on a line, leaves where it belongs, or has
    a word of files."""
    texts = _drawn(figure)
    boxes = {text: _padded(text.get_window_extent(), -SLACK * figure.dpi / 72) for text in texts}
    found = [
        fault
        for text in texts
        for fault in (*_small(figure, text), *_outside(figure, text, boxes[text]), *_of_files(text))
    ]
    for one, other in combinations(texts, 2):
        if boxes[one].overlaps(boxes[other]):
            found.append(f"{_name(one)} lies on {_name(other)}")
    return found + [fault for axes in figure.axes for fault in _on_lines(axes, boxes)]


def _drawn(figure: Figure) -> list[Text]:
    """Return the texts that are drawn, which not every visible text of a figure is, in its final layout."""
    drawn: list[Text] = []
    original = Text.draw

    def draw(text: Text, *args: object, **options: object) -> None:
        if text.get_visible() and text.get_text().strip():
            drawn.append(text)
        original(text, *args, **options)

    with patch.object(Text, "draw", draw):
        figure.draw_without_rendering()
    return list(dict.fromkeys(drawn))


def _name(text: Text) -> str:
    return repr(text.get_text()[:40])


def _padded(box: Bbox, pad: float) -> Bbox:
    return Bbox.from_extents(box.x0 - pad, box.y0 - pad, box.x1 + pad, box.y1 + pad)


def _small(figure: Figure, text: Text) -> Iterator[str]:
    for page, (shown, least) in SHOWN.items():
        size = text.get_fontsize() / 72 * shown / figure.get_figwidth()
        # a figure narrower than a sheet is shown no larger than its pixels
        if size < least:
            yield f"{_name(text)} has {size:.1f} px on a page of {page} px"


def _of_files(text: Text) -> Iterator[str]:
    """Yield a text that calls a class as files do, not as everything else on the page does."""
    said = text.get_text().lower()
    if "croissant" in said and names.CLASSES["croissant"] not in said:
        yield f"{_name(text)} says croissant"


def _outside(figure: Figure, text: Text, box: Bbox) -> Iterator[str]:
    if not _within(box, figure.bbox):
        yield f"{_name(text)} leaves the figure"
    for axes in figure.axes:
        own = axes is text.axes and text in axes.texts
        frame = axes.get_window_extent()
        anchor = text.get_transform().transform(text.get_position()) if own else None
        if own and frame.contains(*anchor) and not _within(box, frame):
            yield f"{_name(text)} leaves its axes"
        if axes is not text.axes and axes.axison and not _in_legend(text, figure) and box.overlaps(_padded(frame, -1)):
            yield f"{_name(text)} lies in the axes {axes.get_title(loc='left') or axes.get_xlabel()!r}"


def _in_legend(text: Text, figure: Figure) -> bool:
    """Return whether a text is in a legend of some axes: Matplotlib does not say of which."""
    return any(text in legend.get_texts() for axes in figure.axes if (legend := axes.get_legend()))


def _within(inner: Bbox, outer: Bbox) -> bool:
    return (inner.x0 >= outer.x0 - 1 and inner.x1 <= outer.x1 + 1) and (
        inner.y0 >= outer.y0 - 1 and inner.y1 <= outer.y1 + 1
    )


def _on_lines(axes: Axes, boxes: dict[Text, Bbox]) -> Iterator[str]:
    """Yield the texts in the axes, and the legend, that a line of the axes runs through."""
    placed = {_name(text): boxes[text] for text in axes.texts if text in boxes}
    if legend := axes.get_legend():
        placed["the legend"] = _padded(legend.get_window_extent(), -2)
    for line in axes.lines:
        path = line.get_path().transformed(line.get_transform())
        for name, box in placed.items():
            if len(path.vertices) > 1 and path.intersects_bbox(box, filled=False):
                yield f"{name} lies on a line"
