"""The report in a browser: everything decodes, nothing is fetched, nothing complains, and its controls work."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from browser import open_page
from rbcflow.report.build import build
from report_tree import write_tree

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = write_tree(tmp_path_factory.mktemp("tree"))
    build(tree.results, tree.project / "report.html", **tree.arguments())
    return tree.project / "report.html"


OPEN_ALL = "rbc.fillAll(); for (const one of document.querySelectorAll('details')) one.open = true"


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1366, "light"), (1920, "light")])
def test_page_is_whole_and_quiet(report: Path, width: int, scheme: str) -> None:
    with open_page(report, width=width, scheme=scheme) as opened:
        wide = "document.documentElement.scrollWidth"
        assert opened.page.evaluate(wide) == width
        opened.page.evaluate(OPEN_ALL)
        assert opened.undecoded() == []
        assert opened.page.evaluate(wide) == width
        assert opened.page.locator("figure img").count() == 17
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


def test_the_first_screen_has_its_answers_and_little_else(report: Path) -> None:
    with open_page(report, width=1366, height=768) as opened:
        page = opened.page
        ends = "e => e.getBoundingClientRect().bottom"
        low = f"Math.max(...[...document.querySelectorAll('.answers, .trust, .see')].map({ends}))"
        assert page.evaluate(low) <= 768
        for part in ("#tile-saarland_donors", "#tile-flow_public", ".look img", ".kinds img", ".trust"):
            assert page.locator(part).first.is_visible(), part
        # folded parts cost no nodes before they are opened
        nodes = "document.querySelectorAll('*').length"
        before = page.evaluate(nodes)
        page.evaluate("rbc.fillAll()")
        assert page.evaluate(nodes) > 1.5 * before
        glossary = page.locator("#glossary")
        assert not glossary.is_visible()
        page.get_by_role("button", name="Words explained").click()
        assert glossary.is_visible() and "AP50" in glossary.inner_text()
        assert opened.complaints == []


def test_figure_enlarges_by_keyboard_zooms_and_closes(report: Path) -> None:
    with open_page(report, motion="reduce") as opened:
        page, viewer = opened.page, opened.page.locator("dialog.viewer")
        assert not viewer.is_visible()
        page.locator(".zoom").nth(1).focus()
        page.keyboard.press("Enter")
        assert viewer.is_visible()
        image = viewer.locator("img")
        second = image.get_attribute("alt")
        page.keyboard.press("ArrowLeft")
        assert (image.get_attribute("alt"), second) == ("Raw frames, Saarland", "Example images, overlap")
        fitted = image.bounding_box()["width"]
        page.keyboard.press("+")
        assert image.bounding_box()["width"] == pytest.approx(1.5 * fitted, rel=0.03)
        page.keyboard.press("Escape")
        assert not viewer.is_visible()
        expect(page.locator(".zoom").first).to_be_focused()
        # the browser's Back closes it too, and leaves the page where it is
        page.locator(".zoom").first.click()
        page.go_back()
        viewer.wait_for(state="hidden")
        assert page.url.endswith("report.html")
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
        narrow = figure.bounding_box()["width"]
        still, moving = image.get_attribute("src"), image.get_attribute("data-moving")
        shown = []
        for _ in range(2):
            figure.locator(".play").click()
            shown.append(image.get_attribute("src"))
        assert moving.startswith("data:image/webp;base64,")
        assert moving != still
        assert shown == [moving, still]
        figure.locator(".play").click()
        assert figure.bounding_box()["width"] >= narrow
        assert opened.complaints == []


def test_contents_follow_the_scroll(report: Path) -> None:
    with open_page(report, motion="reduce") as opened:
        current = opened.page.locator("#nav [aria-current]")
        assert current.inner_text() == "Summary"
        opened.page.evaluate("document.getElementById('datasets').scrollIntoView()")
        expect(current).to_have_attribute("href", re.compile("^#dataset"))
        assert opened.page.locator("#nav li.open > ol").is_visible()


def test_table_sorts_by_number(report: Path) -> None:
    with open_page(report) as opened:
        # by key: a click can miss what moves while the parts above it are laid out
        opened.page.locator("#speed summary").press("Enter")
        table = opened.page.locator("#speed table")
        table.get_by_role("button", name="total time").focus()
        opened.page.keyboard.press("Enter")
        expect(table.locator("tbody th")).to_have_text(["get_raw", "train_model"])
        assert table.locator("[aria-sort]").get_attribute("aria-sort") == "ascending"
        table.get_by_role("button", name="total time").click()
        expect(table.locator("tbody th")).to_have_text(["train_model", "get_raw"])
        # a value that is missing comes last in either order
        for _ in range(2):
            table.get_by_role("button", name="peak memory").click()
            order = table.locator("tbody td:last-child").all_inner_texts()
            assert order[-1] == "–" or "–" not in order


def test_search_finds_what_is_folded_and_opens_it(report: Path) -> None:
    with open_page(report, motion="reduce") as opened:
        page = opened.page
        page.keyboard.press("/")
        page.keyboard.type("the group that made")
        hits = page.locator(".hits li button")
        expect(hits.first).to_contain_text("the group that made")
        hits.last.click()
        expect(page.locator(".found")).to_be_visible()
        page.locator(".find").fill("adds 5 boxes")
        expect(hits).to_have_count(2)
        hits.last.click()
        assert page.locator("details.run[open]").count() == 1
        page.locator(".find").fill("no such words")
        expect(page.locator(".hits")).to_contain_text("0 of 0 places")
        assert opened.complaints == []


def test_a_table_is_searched_and_downloaded(report: Path) -> None:
    with open_page(report, motion="reduce") as opened:
        page = opened.page
        page.locator("#every-run > summary").click()
        rows = page.locator(".headline tbody tr:visible")
        expect(rows).to_have_count(4)
        page.get_by_label("Filter by model: Model by test set").select_option("plain")
        assert rows.count() == 1
        page.get_by_label("Search in: Model by test set").fill("public")
        assert rows.count() == 0
        page.get_by_label("Filter by model: Model by test set").select_option("")
        page.get_by_label("Search in: Model by test set").fill("")
        with page.expect_download() as download:
            page.get_by_label("Download as CSV: Model by test set").click()
        table = list(csv.reader(download.value.path().open(encoding="utf-8-sig")))
        assert (len(table), table[0][:2], table[1][:2]) == (
            5,
            ["model", "test set"],
            ["overlap", "Saarland, all donors"],
        )
        assert {len(row) for row in table} == {13}
        assert opened.complaints == []


def test_the_table_of_models_turns_to_another_size_and_to_one_box(report: Path) -> None:
    with open_page(report) as opened:
        page = opened.page
        cell, plain = page.locator("#matrix td.heat").first, page.locator("#matrix tbody tr").nth(1).locator("td.heat")
        assert cell.inner_text() == "90 (85–95)\n80 (75–85)"
        page.get_by_label("one box").check()
        assert cell.inner_text() == "88 (83–93)\n95 (90–100)"
        page.get_by_label("their own pixels").check()
        assert cell.inner_text() == "44 (39–49)\n48 (42–52)"
        # what was not evaluated so keeps its value, in grey
        assert plain.inner_text() == "79 (74–84)\n86 (80–90)" and "unturned" in plain.get_attribute("class")
        page.get_by_label("a box for each class").check()
        page.get_by_label("the size of the training").check()
        assert cell.inner_text() == "90 (85–95)\n80 (75–85)"


def test_two_detectors_are_compared_with_the_interval_of_the_pair(report: Path) -> None:
    with open_page(report, motion="reduce") as opened:
        page = opened.page
        page.locator("#compare").scroll_into_view_if_needed()
        numbers = page.locator(".compare-numbers tbody tr")
        recall = "share of the cells that are found, whatever they are named"
        expect(numbers.first).to_have_text(f"{recall}0.9000.8100.0900.020 to 0.150")
        assert page.locator(".compare-set option").all_inner_texts() == ["Saarland, all donors"]
        page.locator(".compare-left").select_option("plain")
        # the other way round, and the choice stands in the address
        expect(numbers.first).to_have_text(f"{recall}0.8100.900-0.090-0.150 to -0.020")
        assert page.url.endswith("#compare:saarland_donors:plain:random")
        page.get_by_label("with pictures").check()
        assert page.locator(".compare-figures img").count() == 6
        page.reload()
        assert page.locator(".compare-left").input_value() == "plain"
        assert opened.complaints == []


def test_errors_are_filtered_and_cut_from_the_sprite(report: Path) -> None:
    with open_page(report, motion="reduce") as opened:
        page = opened.page
        page.locator("#errors").scroll_into_view_if_needed()
        tiles = page.locator(".tiles li")
        expect(tiles).to_have_count(3)
        # the most confident first, what was missed last
        assert [text.split(",")[0] for text in tiles.all_inner_texts()] == ["on background", "wrong name", "missed"]
        expect(page.locator(".browser [aria-live]")).to_have_text("3 of 3 errors")
        page.locator("[data-field=kind]").select_option("background")
        expect(tiles).to_have_count(1)
        assert "on background, other, conf 0.63" in tiles.inner_text()
        assert "overlap on public recordings, rec" in tiles.inner_text() and "(simulated)" in tiles.inner_text()
        # the second tile is green
        shot = Image.open(io.BytesIO(tiles.locator(".tile").screenshot())).convert("RGB")
        assert shot.getpixel((16, 16))[1] > 200 > shot.getpixel((16, 16))[0]
        # one error opens large and leads to its run
        tiles.locator(".tile").click()
        assert page.locator("dialog.error-view").is_visible()
        page.get_by_role("link", name="The run").click()
        assert page.locator("details.run[open]").get_attribute("data-run") == "random-on-flow_public"
        assert opened.complaints == []


def test_link_into_provenance_unfolds_the_record(report: Path) -> None:
    with open_page(report, motion="reduce") as opened:
        figure = opened.page.locator("figure:has(.play)").first
        figure.locator("summary").click()
        figure.locator(".record a").click()
        record = opened.page.locator("[id='prov-validation.2frandom-on-saarland_donors']")
        expect(record).to_have_attribute("open", "")
        assert record.locator(".record").is_visible()
        assert opened.page.url.endswith("#prov-validation.2frandom-on-saarland_donors")


def test_a_link_into_the_page_lands_at_once(report: Path) -> None:
    """Later links move; the first would take seconds over a long page."""
    with open_page(report) as opened:
        page = opened.page
        page.goto("about:blank")
        page.goto(f"{report.resolve().as_uri()}#gauge")
        assert 0 <= page.evaluate("document.getElementById('gauge').getBoundingClientRect().top") < 120
        page.wait_for_function("getComputedStyle(document.documentElement).scrollBehavior === 'smooth'")


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
        page.evaluate(OPEN_ALL)
        for part in ("compare", "errors"):
            page.locator(f"#{part}").scroll_into_view_if_needed()
        expect(page.locator(".tiles li")).to_have_count(3)
        page.evaluate(axe)
        found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
        assert [(v["id"], v["nodes"][0]["html"]) for v in found if v["impact"] in {"serious", "critical"}] == []


def pages_of(pdf: bytes) -> tuple[int, int]:
    """Return the number of pages of a PDF, and of its pictures."""
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)), len(re.findall(rb"/Subtype\s*/Image", pdf))


def test_print_is_a_summary_with_its_figures(report: Path) -> None:
    with open_page(report, motion="reduce") as opened:
        page = opened.page
        # right after loading, without scrolling
        pages, pictures = pages_of(page.pdf())
        assert pages <= 8
        assert pictures >= 5
        figure = page.locator("figure:has(.play)").first
        figure.locator(".play").click()
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert figure.locator("img").get_attribute("src") == figure.locator("img").get_attribute("data-still")
        page.emulate_media(media="print")
        assert page.locator(".tools:visible, .play:visible, nav:visible, .bar:visible, .fold:visible").count() == 0
        assert page.locator(".card:visible").count() == 3 and page.locator("#matrix:visible").count() == 1
        # the full page on request
        page.emulate_media(media="screen")
        page.evaluate("print = () => { document.documentElement.dataset.printed = document.documentElement.className }")
        page.locator(".print").click(modifiers=["Shift"])
        expect(page.locator("html")).to_have_attribute("data-printed", "settled print-all")
        page.emulate_media(media="print")
        assert page.locator("figure img:visible").count() == 17
