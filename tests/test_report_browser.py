"""The report in a browser: everything decodes, nothing is fetched, nothing complains, and its controls work."""

from __future__ import annotations

import csv
import hashlib
import io
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from browser import open_page
from rbcflow.report.build import build
from report_tree import UNDECIDED, write_tree


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = write_tree(tmp_path_factory.mktemp("tree"))
    build(tree.results, tree.project / "report.html", **tree.arguments())
    return tree.project / "report.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1366, 1920])
def test_page_is_whole_and_quiet(report: Path, width: int, scheme: str) -> None:
    with open_page(report, width=width, scheme=scheme) as opened:
        assert opened.undecoded() == []
        assert opened.page.evaluate("document.documentElement.scrollWidth") == width
        assert opened.page.locator("figure img").count() == 12
        assert opened.requests == []
        assert opened.complaints == []


def test_browser_helper_notices_what_goes_wrong(tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text(
        '<figure><img src="absent.png" alt="absent"></figure>'
        '<img src="http://127.0.0.1:9/x.png"><script>console.error("broken")</script>'
    )
    with open_page(page) as opened:
        assert opened.undecoded() == ["absent"]
        assert [url.rsplit("/", 1)[1] for url in opened.requests] == ["absent.png", "x.png"]
        assert "broken" in opened.complaints


def test_figure_enlarges_by_keyboard_and_escape_closes(report: Path) -> None:
    with open_page(report) as opened:
        page, viewer = opened.page, opened.page.locator("dialog.viewer")
        assert not viewer.is_visible()
        page.locator(".zoom").nth(1).focus()
        page.keyboard.press("Enter")
        assert viewer.is_visible()
        second = viewer.locator("img").get_attribute("alt")
        page.keyboard.press("ArrowLeft")
        first = viewer.locator("img").get_attribute("alt")
        assert (first, second) == ("Raw frames, nouaman2024", "Raw frames, flow_public")
        page.keyboard.press("Escape")
        assert not viewer.is_visible()
        assert page.evaluate("document.activeElement === document.querySelectorAll('.zoom')[0]")
        assert opened.complaints == []


@pytest.mark.parametrize(("scheme", "other"), [("light", "dark"), ("dark", "light")])
def test_theme_toggle_turns_and_is_remembered(report: Path, scheme: str, other: str) -> None:
    with open_page(report, scheme=scheme) as opened:
        ground = "getComputedStyle(document.body).backgroundColor"
        before = opened.page.evaluate(ground)
        opened.page.locator(".theme").click()
        after = opened.page.evaluate(ground)
        assert before != after
        assert opened.page.evaluate("document.documentElement.dataset.theme") == other
        opened.page.reload()
        assert opened.page.evaluate(ground) == after
        opened.page.locator(".theme").click()
        assert opened.page.evaluate(ground) == before


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_animation_plays_only_when_asked(report: Path, motion: str) -> None:
    with open_page(report, motion=motion) as opened:
        figure = opened.page.locator("figure:has(.play)").first
        image = figure.locator("img")
        still, moving = image.get_attribute("src"), image.get_attribute("data-moving")
        shown = []
        for _ in range(2):
            figure.locator(".play").click()
            shown.append(image.get_attribute("src"))
        assert moving.startswith("data:image/webp;base64,")
        assert moving != still
        assert shown == [moving, still]
        assert opened.complaints == []


def test_contents_follow_the_scroll(report: Path) -> None:
    with open_page(report, motion="reduce") as opened:
        current = opened.page.locator("#nav [aria-current]")
        assert current.inner_text() == "Summary"
        opened.page.evaluate("document.getElementById('datasets').scrollIntoView()")
        opened.page.wait_for_function("document.querySelector('#nav [aria-current]').hash.startsWith('#dataset')")
        assert opened.page.locator("#nav li.open > ol").is_visible()


def test_table_sorts_by_number(report: Path) -> None:
    with open_page(report) as opened:
        table = opened.page.locator("#speed table")
        table.get_by_role("button", name="total time").focus()
        opened.page.keyboard.press("Enter")
        expect(table.locator("tbody th")).to_have_text(["get_raw", "train_model"])
        assert table.locator("[aria-sort]").get_attribute("aria-sort") == "ascending"
        table.get_by_role("button", name="total time").click()
        expect(table.locator("tbody th")).to_have_text(["train_model", "get_raw"])


def test_ledger_filters_searches_and_downloads(report: Path) -> None:
    with open_page(report) as opened:
        page = opened.page
        rows = page.locator(".ledger tbody tr:visible")
        page.get_by_label("Filter by verdict: Claims ledger").select_option(UNDECIDED)
        assert rows.locator("th bdi").first.inner_text() == "Walls, too, are needed."
        page.get_by_label("Search in: Claims ledger").fill("cells are found")
        assert rows.count() == 0
        page.get_by_label("Filter by verdict: Claims ledger").select_option("")
        assert rows.count() == 1
        page.get_by_label("Search in: Claims ledger").fill("")
        with page.expect_download() as download:
            page.get_by_label("Download as CSV: Claims ledger").click()
        table = list(csv.reader(download.value.path().open(encoding="utf-8-sig")))
        assert (len(table), table[0][0], table[3][0]) == (6, "claim", "Walls, too, are needed. c, abstract")
        assert {len(row) for row in table} == {11}
        assert opened.complaints == []


def test_two_runs_stand_side_by_side(report: Path) -> None:
    with open_page(report, motion="reduce") as opened:
        opened.page.locator("#compare").scroll_into_view_if_needed()
        numbers = opened.page.locator(".compare-numbers tbody tr")
        expect(numbers.first).to_have_text("frames20200")
        assert opened.page.locator(".compare-figures img").count() == 4
        assert opened.complaints == []


def test_errors_are_filtered_and_cut_from_the_sprite(report: Path) -> None:
    with open_page(report, motion="reduce") as opened:
        page = opened.page
        page.locator("#errors").scroll_into_view_if_needed()
        tiles = page.locator(".tiles li")
        expect(tiles).to_have_count(3)
        page.locator("[data-field=kind]").select_option("background")
        expect(tiles).to_have_count(1)
        assert "background, other, conf 0.63" in tiles.inner_text()
        assert "random on flow_public, rec" in tiles.inner_text() and "(phantom)" in tiles.inner_text()
        # the second tile is green
        shot = Image.open(io.BytesIO(tiles.locator(".tile").screenshot())).convert("RGB")
        assert shot.getpixel((16, 16))[1] > 200 > shot.getpixel((16, 16))[0]
        assert opened.complaints == []


def test_link_into_provenance_unfolds_the_record(report: Path) -> None:
    with open_page(report, motion="reduce") as opened:
        figure = opened.page.locator("figure:has(.play)").first
        figure.locator("summary").click()
        figure.locator(".record a").click()
        opened.page.wait_for_function("document.querySelector('details:target')?.open")
        assert opened.page.url.endswith("#prov-validation.2frandom-on-saarland_donors")


def test_contents_open_on_a_phone(report: Path) -> None:
    with open_page(report, width=390, height=844) as opened:
        nav = opened.page.locator("#nav")
        assert not nav.is_visible()
        opened.page.locator(".menu").click()
        assert nav.is_visible()
        opened.page.keyboard.press("Escape")
        assert not nav.is_visible()


AXE = "axe-core@4.14.1"
AXE_SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return axe-core's script, fetched with npm and verified; without npm or a registry there is nothing to run."""
    folder = tmp_path_factory.mktemp("axe")
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed, and axe-core is fetched with it")
    got = subprocess.run([npm, "pack", AXE], cwd=folder, capture_output=True, text=True, timeout=120)
    if got.returncode:
        pytest.skip(f"the npm registry did not answer: {got.stderr.strip()[-200:]}")
    with tarfile.open(folder / got.stdout.split()[-1]) as archive:
        script = archive.extractfile("package/axe.min.js").read()
    assert hashlib.sha256(script).hexdigest() == AXE_SHA256
    return script.decode()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1366])
def test_axe_finds_nothing_serious(report: Path, axe: str, scheme: str, width: int) -> None:
    with open_page(report, scheme=scheme, width=width, motion="reduce") as opened:
        page = opened.page
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        for part in ("compare", "errors"):
            page.locator(f"#{part}").scroll_into_view_if_needed()
        expect(page.locator(".tiles li")).to_have_count(3)
        page.evaluate(axe)
        found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
        assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in {"serious", "critical"}] == []


def test_print_shows_stills_and_no_controls(report: Path) -> None:
    with open_page(report) as opened:
        page = opened.page
        figure = page.locator("figure:has(.play)").first
        figure.locator(".play").click()
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        assert figure.locator("img").get_attribute("src")[:15] == "data:image/webp"
        assert page.locator(".tools:visible, .play:visible, nav:visible, .bar:visible").count() == 0
        assert page.locator("figure img:visible").count() == 12
