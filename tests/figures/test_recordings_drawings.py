"""Overlay, figures and the page of own recordings."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace

import av
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from browser import open_page
from rbcflow.figures import pictures, style
from rbcflow.recordings import checks, draw, flux, link, overlay, page, summarise, validity
from recordings_inputs import draw_recording


@pytest.fixture(scope="module")
def simulated():
    """A simulated recording, its links, and all that is known of it."""
    recording = draw_recording(frames=30, seed=2)
    links = link.link(recording.boxes, recording.frames, recording.probe)
    cells = summarise.cells(links, recording.probe)
    counted = flux.count(links, recording.probe)
    verdict = validity.evaluate(recording.boxes, recording.frames, recording.probe, links, cells, counted)
    known = summarise.Recorded(recording.probe, links.flow, 30.0, cells, counted, verdict)
    return recording, links, known


def test_simulated_cells_are_counted(simulated):
    recording, _, known = simulated
    assert len(known.counted) == recording.true
    assert known.verdict.verdict == "usable"


def test_the_overlay_shows_consecutive_frames_with_class_colours(simulated, tmp_path):
    recording, links, _ = simulated
    numbers = recording.frames["frame"].to_numpy()
    overlay.draw(recording.images, links.tracks, numbers, recording.probe, tmp_path / "o.mp4", tmp_path / "o.gif")
    with av.open(str(tmp_path / "o.mp4")) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) == 30
    height, width = (96 * 2 + overlay.STRIP, 320 * 2)
    assert frames[0].shape == (height, width, 3)
    with Image.open(tmp_path / "o.gif") as moving:
        assert moving.n_frames == 30 and moving.size == (width, height)


def test_a_box_has_its_class_colour_and_a_loose_one_is_grey(simulated):
    recording, links, _ = simulated
    number, image = recording.images[10]
    boxes = links.tracks[links.tracks["frame"] == number].head(1).assign(**{"class": "slipper"})
    x0, y0, y1 = (round(float(boxes[name].iloc[0]) * 2) for name in ("x0", "y0", "y1"))
    seen = overlay.render(image, boxes, number, recording.probe)[(y0 + y1) // 2, x0 - 2]
    assert tuple(seen) == pictures.rgb(style.CLASS_COLOURS["slipper"])
    loose = boxes.assign(cell=pd.array([pd.NA], dtype="Int64"))
    seen = overlay.render(image, loose, number, recording.probe)[(y0 + y1) // 2, x0 - 2]
    assert tuple(seen) == pictures.rgb(overlay.LOOSE)


def test_the_window_is_where_most_boxes_are():
    tracks = pd.DataFrame({"frame": [1, 5, 6, 6, 7, 12]})
    assert overlay.window(tracks, np.arange(20), 3).tolist() == [5, 6, 7]
    assert overlay.window(tracks, np.arange(20), 50).tolist() == list(range(20))


@pytest.mark.parametrize(("shape", "factor"), [((80, 400), 3), ((120, 480), 2), ((1024, 1280), 1), ((2000, 2560), 0.5)])
def test_small_frames_are_enlarged_and_large_ones_reduced(shape, factor):
    assert overlay.enlargement(shape) == factor


def test_a_region_of_interest_is_what_is_shown(simulated):
    recording, links, _ = simulated
    cut = recording.probe | {"roi": [100, 20, 300, 80]}
    boxes = links.tracks[links.tracks["frame"] == 10]
    page_ = overlay.render(overlay._field(recording.images[10][1], cut), boxes, 10, cut)
    assert page_.shape[:2] == (60 * 4 + overlay.STRIP, 200 * 4)


def test_a_tile_has_its_cell_in_the_middle_also_at_the_edge():
    image = np.full((80, 400), 100, np.uint8)
    image[30:50, 0:20] = 200
    picture = np.asarray(draw.tile(image, np.array([0, 30, 20, 50]), 7))
    middle = picture[draw.LABEL_PX + draw.TILE_PX // 2, draw.TILE_PX // 2]
    assert tuple(middle) == (200, 200, 200)
    assert tuple(picture[-3, 3]) == (100, 100, 100)


def test_figures_are_drawn_or_say_why_not(simulated, tmp_path):
    recording, links, known = simulated
    other = replace(known, probe=known.probe | {"recording": "b", "condition": "200 mbar"})
    summary = summarise.summary([known, other])
    draw.kymograph(links, known.cells, recording.probe, tmp_path / "kymograph.png")
    draw.conditions(summary, tmp_path / "conditions.png")
    draw.pressures(summary, {"simulated": 100.0, "b": 200.0}, tmp_path / "pressures.png")
    draw.pressures(summary, {"simulated": 100.0, "b": None}, tmp_path / "none.png")
    draw.conditions(summary.assign(cells=np.nan), tmp_path / "refused.png")
    sizes = {path.name: Image.open(path).size for path in sorted(tmp_path.glob("*.png"))}
    assert sizes["none.png"][1] < 250 < sizes["pressures.png"][1]
    assert sizes["refused.png"][1] < 250 < sizes["conditions.png"][1]
    kymograph = np.asarray(Image.open(tmp_path / "kymograph.png").convert("RGB"))
    assert (kymograph == pictures.rgb(style.CLASS_COLOURS["slipper"])).all(axis=2).any()


def test_names_of_conditions_do_not_run_into_each_other(simulated, tmp_path, monkeypatch):
    known = simulated[2]
    angles = []
    monkeypatch.setattr(draw.style, "canvas", recorded_canvas(draw.style.canvas, angles))
    for names in (("a", "b"), ("donor_a_20_mbar", "donor_b_100_mbar", "donor_c")):
        own = [replace(known, probe=known.probe | {"condition": "", "recording": name}) for name in names]
        draw.conditions(summarise.summary(own), tmp_path / "conditions.png")
    assert angles == [0, 30]


def recorded_canvas(canvas, angles):
    """Return the canvas, noting the angle of the lowest panel's labels."""

    @contextmanager
    def noting(*args, **options):
        with canvas(*args, **options) as figure:
            yield figure
            angles.append(figure.axes[-1].get_xticklabels()[0].get_rotation())

    return noting


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [(39917.27, 4, "39920"), (-203800.4, 4, "-203800"), (0.2337, 3, "0.234"), (1e5, 5, "100000"), (23.4, ".0f", "23")],
)
def test_numbers_of_the_page_have_no_exponent(value, form, text):
    assert page.plain(value, form) == text


def test_a_recording_without_links_has_a_kymograph(simulated, tmp_path):
    recording, links, _ = simulated
    bare = link.LinkResult(
        links.tracks.assign(cell=pd.array([pd.NA] * len(links.tracks), dtype="Int64")),
        link.Flow(reason="frames are not consecutive"),
        links.frames,
    )
    draw.kymograph(bare, summarise.cells(bare, recording.probe), recording.probe, tmp_path / "k.png")
    assert (tmp_path / "k.png").stat().st_size > 5000


def test_tiles_are_in_the_order_of_the_table(simulated, tmp_path):
    recording, links, known = simulated
    tracks = links.tracks.assign(recording="simulated")
    sampled = checks.sample(known.cells, tracks, {"simulated": "100 mbar"})
    images = [("simulated", number, image) for number, image in reversed(recording.images)]
    draw.tiles(images, sampled, tracks, tmp_path / "tiles.png")
    sheet = np.asarray(Image.open(tmp_path / "tiles.png"))
    row = sampled.iloc[0]
    box = tracks[(tracks["cell"] == row["cell"]) & (tracks["frame"] == row["frame"])].iloc[0]
    first = draw.tile(recording.images[row["frame"]][1], box[["x0", "y0", "x1", "y1"]].to_numpy(dtype=float), 1)
    assert (sheet[6 : 6 + first.height, 6 : 6 + first.width] == np.asarray(first)).all()


PLAY = """async () => {
    const video = document.querySelector("video"), loaded = new Promise(then => { video.onloadeddata = then; });
    video.load(); await video.play(); await loaded; return [video.videoWidth, video.videoHeight];
}"""


@pytest.mark.browser
def test_the_page_opens_with_verdicts_first_and_fetches_nothing(simulated, tmp_path):
    recording, links, known = simulated
    refused = validity.verdict_of({"boxes": 9.0, "off_object": 0.9})
    bad = replace(
        known, probe=known.probe | {"recording": "<b>odd</b>", "pixel_um": None, "fps": None, "brightest": 4280,
                                    "mapping": {"low": 856, "high": 3640}}, verdict=refused,
        cells=known.cells[:0],
    )  # fmt: skip
    summary = summarise.summary([known, bad])
    draw.kymograph(links, known.cells, recording.probe, tmp_path / "k.png")
    (tmp_path / "simulated").mkdir()
    numbers, moving = recording.frames["frame"].to_numpy(), tmp_path / "simulated/overlay.gif"
    overlay.draw(recording.images, links.tracks, numbers, recording.probe, moving.with_suffix(".mp4"), moving)
    for name in ("index.html", "again.html"):
        page.write(
            tmp_path / name, [known, bad], summary, detector="starter",
            figures={"simulated": page.Figures(tmp_path / "k.png", moving, "simulated/overlay.mp4")},
            shared=page.Shared(files={"recordings.xlsx": "all tables"}),
        )  # fmt: skip
    assert (tmp_path / "index.html").read_bytes() == (tmp_path / "again.html").read_bytes()
    # pictures are in the page, what moves is beside it
    assert moving.stat().st_size > 300_000 > (tmp_path / "index.html").stat().st_size
    for width in (1366, 400):
        with open_page(tmp_path / "index.html", width=width) as opened:
            assert not opened.requests and not opened.complaints and not opened.undecoded()
            assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
            text = opened.page.inner_text("main")
            assert opened.page.evaluate(PLAY) == [640, 216]
            verdicts = opened.page.locator(".verdict-list > li").all_inner_texts()
    assert verdicts[0].startswith("usable simulated") and verdicts[1].startswith("refused <b>odd</b>")
    assert "90% of the boxes lie where nothing moves" in verdicts[1]
    assert text.index("refused") < text.index("What they say")
    assert "Of its 16 bits the grey levels 856 to 3640 are shown to the detector as 0 to 255" in text
    assert "pixel size not known" in text and "No cell was named by hand" in text
