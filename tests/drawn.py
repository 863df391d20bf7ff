"""What a figure says and shows, read off the figure itself instead of its picture; shared by tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text


@contextmanager
def kept() -> Iterator[dict[str, Figure]]:
    """Within the block, figures are kept by the stem of their file, and written as ever."""
    figures: dict[str, Figure] = {}
    save = Figure.savefig

    def keep(figure: Figure, file: Path, **options: object) -> None:
        figures[Path(file).stem] = figure
        save(figure, file, **options)

    with patch.object(Figure, "savefig", keep):
        yield figures


def texts(drawn: Figure | Axes) -> list[str]:
    """Return every text of a figure or of axes: titles, labels of axes and ticks, legends, notes, texts in a plot."""
    found = (text for text in drawn.findobj(Text) if text.get_visible())
    return [" ".join(text.get_text().split()) for text in found if text.get_text().strip()]


def cells(axes: Axes) -> list[list[str]]:
    """Return the texts inside a heat map, row by row from the top."""
    rows: dict[float, list[tuple[float, str]]] = {}
    for text in axes.texts:
        if text.get_text():
            column, row = text.get_position()
            rows.setdefault(row, []).append((column, text.get_text()))
    return [[text for _, text in sorted(rows[row])] for row in sorted(rows)]


def bars(axes: Axes) -> dict[str, float]:
    """Return the lengths of lying bars by the labels beside them."""
    names = dict(zip(axes.get_yticks(), axes.get_yticklabels(), strict=True))
    middles = {round(bar.get_y() + bar.get_height() / 2, 6): bar.get_width() for bar in axes.patches}
    return {names[place].get_text(): length for place, length in middles.items()}
