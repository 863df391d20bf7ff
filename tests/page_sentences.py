"""Sentences of the report with a number in them, and what the stages' files say; for the tests of the page.

A sentence is looked for in the page's text and its numbers are held against values counted here from other files than
the page reads, wherever there are such.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

CLASSES = ("croissant", "slipper", "other")
SECOND, MISPLACED = ("duplicate",), ("localisation", "both")
N = r"(\d[\d,]*)"
DECIMAL = r"(\d\.\d+)"


PARTS = r'<(?:section|h3|article|li|details)\b[^>]*\bid="([^"]+)"'
"""What begins a part of the page; a fold's content stands in its template."""

TRAINED = r'<tr>\s*<th scope="row"><a href="#model-([^"]+)">.*?</a>(?:<br><span class="soft">seed (\d+))?'
"""A row of the table of trainings: the model and, where one was trained, the seed."""


@dataclass(frozen=True)
class Sentence:
    """A pattern on the page's text and the numbers its groups must show.

    Attributes:
        name: what it says.
        pattern: with a group for each number.
        expected: from the results folder and the place the sentence stands in (a run, a test set, a model, a bank or
            nothing) the groups as text, None where the sentence must not stand there.
        place: attribute ``id`` of the elements that have the sentence, up to the name; empty for the whole page.
    """

    name: str
    pattern: str
    expected: Callable[[Path, str], tuple[str, ...] | None]
    place: str = ""


def text_of(page: str) -> str:
    """Return the text of a piece of the page, blanks made one."""
    bare = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
    bare = re.sub(r"<wbr>|</?(bdi|code|b|a|span)\b[^>]*>", "", bare)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", bare)))


def places(page: str, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield name and text of each part of the page whose ``id`` starts with a prefix, to the next heading's part."""
    starts = [(found.start(), found[1]) for found in re.finditer(PARTS, page)]
    if prefix == "trained-":
        starts = [
            (found.start(), f"trained-{found[1]}" + (f"/seed-{found[2]}" if found[2] else ""))
            for found in re.finditer(TRAINED, page)
        ]
    for (start, name), (end, _) in zip(starts, [*starts[1:], (len(page), "")], strict=True):
        if name.startswith(prefix):
            yield name.removeprefix(prefix), text_of(page[start:end])


def wrong(
    page: str,
    results: Path,
    sentences: Iterable[Sentence] | None = None,
    change: Callable[[Sentence, str], str] = lambda _, text: text,
) -> list[str]:
    """Return a line for each sentence that does not say what the files say, or whose place is not on the page.

    Args:
        page: the report.
        results: the folder it was made from.
        sentences: those looked for; None is all.
        change: what is done to a part's text before a sentence is looked for in it.
    """
    complaints = []
    for sentence in SENTENCES if sentences is None else sentences:
        parts = list(places(page, sentence.place)) if sentence.place else [("", text_of(page))]
        for name, text in parts:
            expected = sentence.expected(results, name)
            found = re.search(sentence.pattern, change(sentence, text))
            shown = found.groups() if found else None
            if shown != expected:
                complaints.append(f"{sentence.name} {name}: the page says {shown}, the files {expected}")
        if not parts:
            complaints.append(f"{sentence.name}: the page has no part {sentence.place}")
    return complaints


def count(value: float) -> str:
    """Return a whole number as the page prints it."""
    return f"{value:,.0f}"


def _json(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _table(path: Path, **options) -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=False, **options)


def _run(results: Path, run: str) -> dict:
    metrics = _json(results / "validation" / run / "metrics.json")
    return metrics if metrics.get("status") == "available" and metrics["n_boxes"]["total"] else {}


def _matrix(results: Path, run: str) -> pd.Series:
    table = _table(results / "validation" / run / "confusion_matrix.csv")
    return table.set_index(["true", "predicted"])["count"].sort_index()


def found_and_added(results: Path, run: str) -> tuple[str, ...] | None:
    """Hits, true boxes, recall, false positives, a frame: from the matrix and the test set's frames."""
    if not _run(results, run):
        return None
    matrix = _matrix(results, run)
    true = matrix.drop("background")
    n, missed = int(true.sum()), int(true.xs("background", level="predicted").sum())
    false_positives = int(matrix["background"].drop("background").sum())
    frames = len(_table(results / "testsets" / _run(results, run)["testset"] / "frames.csv"))
    return (
        count(n - missed),
        count(n),
        f"{(n - missed) / n:.3f}",
        count(false_positives),
        f"{false_positives / frames:.2f}",
    )


def false_positives(results: Path, run: str) -> tuple[str, ...] | None:
    """Second, badly placed and background boxes: from the list of errors."""
    if not _run(results, run):
        return None
    kinds = _table(results / "validation" / run / "errors.csv")["kind"]
    return tuple(count(kinds.isin(names).sum()) for names in (SECOND, MISPLACED, ("background",)))


def median_overlap(results: Path, run: str) -> tuple[str, ...] | None:
    """Median overlap of found boxes: from the list of matches, and of the headline table the same."""
    if not _run(results, run):
        return None
    overlap = pd.read_csv(results / "validation" / run / "matches.csv")["iou"].dropna()
    if overlap.empty:
        return None
    headline = results / "tables/headline.csv"
    if headline.is_file():
        table = pd.read_csv(headline)
        same = table[(table["run"] == run) & (table["metric"] == "iou_median")]["value"].item()
        assert abs(same - overlap.median()) < 1e-4, f"{run}: two medians of one thing"
    return (f"{overlap.median():.2f}",)


def mean_precision(results: Path, run: str) -> tuple[str, ...] | None:
    """mAP50 and mAP50-95: the mean over the classes that have true boxes and that the model can name."""
    metrics = _run(results, run)
    if not metrics or metrics["classes_evaluated"] == "false":
        return None
    classes = metrics["coco"]["classes"]
    counted = [classes[name] for name in metrics["coco"]["named"] if classes[name]["n_boxes"]]
    if not counted:
        return None
    return tuple(f"{sum(own[key] for own in counted) / len(counted):.3f}" for key in ("ap50", "ap50_95"))


def _metadata(path: Path) -> dict:
    import pyarrow.parquet as pq

    return json.loads(pq.read_schema(path).metadata[b"rbcflow"])


def unnamed_classes(results: Path, run: str) -> tuple[str, ...] | None:
    """The class that the model cannot name although the test set has it: from the predictions' own metadata."""
    metrics, file = _run(results, run), results / "predictions" / f"{run}.parquet"
    if mean_precision(results, run) is None:
        return None
    named = _metadata(file)["classes"] if file.is_file() else metrics["coco"]["named"]
    missing = [name for name in CLASSES if name not in named and metrics["n_boxes"][name]]
    return (" and ".join(missing),) if missing else None


def testset(results: Path, name: str) -> tuple[str, ...] | None:
    """Frames, true boxes, recordings: from the tables of the test set; images of a variant have no recordings."""
    described, folder = _json(results / "testsets" / name / "testset.json"), results / "testsets" / name
    if described.get("status") != "available" or name.endswith("_test"):
        return None
    frames = _table(folder / "frames.csv", dtype=str)
    return count(len(frames)), count(len(_table(folder / "truth.csv"))), count(frames["recording"].nunique())


def donors(results: Path, name: str) -> tuple[str, ...] | None:
    """Donors of a test set's frames, where they are known."""
    if testset(results, name) is None:
        return None
    known = set(_table(results / "testsets" / name / "frames.csv", dtype=str)["donor"]) - {""}
    return (count(len(known)),) if known else None


def too_few(results: Path, name: str) -> tuple[str, ...] | None:
    """Fewer than three recordings give no interval, here and in the headline table."""
    if testset(results, name) is None:
        return None
    few = _table(results / "testsets" / name / "frames.csv", dtype=str)["recording"].nunique() < 3
    headline = results / "tables/headline.csv"
    if headline.is_file():
        own = pd.read_csv(headline)
        own = own[own["testset"] == name]
        assert own["low"].isna().all() == few, f"{name}: an interval from too few recordings, or none from enough"
    return () if few else None


def evaluated_pairs(results: Path, _: str) -> tuple[str, ...]:
    """Runs with numbers, pairs, detectors, test sets."""
    files = sorted((results / "validation").glob("*/metrics.json"))
    # a run at another size or in grey is its own run's other side, not another run
    runs = [_json(path) for path in files if path.parent.name.count("-") == 2]
    models = {run["model"] for run in runs}
    testsets = [path.parent.name for path in (results / "testsets").glob("*/testset.json")]
    evaluated = sum(run["status"] == "available" for run in runs)
    n = len(models) * len(testsets)
    return count(evaluated), count(n), count(len(models)), count(len(testsets))


def evaluated_epoch(results: Path, trained: str) -> tuple[str, ...] | None:
    """mAP50 of the epoch whose weights are evaluated, in the row of a training (model and seed)."""
    if "/" not in trained:
        assert not list((results / "models" / trained).glob("seed-*")), f"{trained}: a row without its seed"
        return None
    folder = results / "models" / trained
    training = _json(folder / "training.json")
    curves = pd.read_csv(folder / "results.csv", skipinitialspace=True)
    best = curves[curves["epoch"] == training["best_epoch"]]
    return (f"{best['metrics/mAP50(B)'].item():.3f}",) if len(best) else None


def cells_in_banks(results: Path, _: str) -> tuple[str, ...]:
    """Kept cells of all banks."""
    files = sorted((results / "cells").glob("*/cells.csv"))
    kept = [_table(file, dtype=str)["kept"].str.lower().eq("true").sum() for file in files]
    return count(sum(kept)), count(len(kept))


def timed(results: Path, _: str) -> tuple[str, ...]:
    """Jobs and rules with a benchmark."""
    files = sorted((results / "benchmarks").rglob("*.tsv"))
    rules = {file.relative_to(results / "benchmarks").parts[0].removesuffix(".tsv") for file in files}
    rules -= {"render_report"}
    jobs = [file for file in files if file.relative_to(results / "benchmarks").parts[0] != "render_report.tsv"]
    return count(len(jobs)), count(len(rules))


def shown_errors(results: Path, _: str) -> tuple[str, ...] | None:
    """Errors in the browser, and the runs they are of."""
    tables = [_table(file) for file in sorted((results / "errors").glob("*/errors.csv"))]
    filled = [len(table) for table in tables if len(table)]
    return (count(sum(filled)), count(len(filled))) if filled else None


def known_recordings(results: Path, _: str) -> tuple[str, ...] | None:
    """Recordings shown, those that trained, cells of a known recording, all cells: from the table of leakage."""
    table = _table(results / "tables/leakage.csv")
    own = table[(table["scheme"] == "grouped") & (table["source"] == "nouaman2024")].set_index("unit")
    if "test frame recording" not in own.index:
        return None
    shown = own.loc["test frame recording"]
    known, cells = own.loc["donor", "cells"], own.loc["group", "cells"]
    return count(shown["units"]), count(shown["crossing"]), count(known), count(cells)


def _percent(value: float) -> str:
    # the page rounds as Jinja does: halves away from zero
    return str(int(100 * value + 0.5))


FRONT = "val29"


def _front_run(results: Path, testset: str) -> str:
    """The run of the first screen's model on a test set: from the runs' own files, as the page has no other place."""
    return next(
        path.parent.name
        for path in sorted((results / "validation").glob(f"*-on-{testset}/metrics.json"))
        if _json(path)["model"] == front_model(results)
    )


def front_model(results: Path) -> str:
    """The model whose run on Saarland's donors is on the first screen: the published one without overlaps, if any."""
    known = {_json(path)["model"] for path in (results / "validation").glob("*/metrics.json")}
    return "random_nosuperposition" if "random_nosuperposition" in known else "random"


def tile_found(results: Path, testset: str) -> tuple[str | None, ...]:
    """Share found, its interval, hits, cells: from the matrix and the headline table."""
    run = _front_run(results, testset)
    hits, n, *_ = found_and_added(results, run)
    table = pd.read_csv(results / "tables/headline.csv")
    row = table[(table["run"] == run) & (table["metric"] == "recall")].iloc[0]
    ends = (None, None) if pd.isna(row["low"]) else (_percent(row["low"]), _percent(row["high"]))
    return _percent(int(hits.replace(",", "")) / int(n.replace(",", ""))), *ends, hits, n


def tile_named(results: Path, testset: str) -> tuple[str, ...] | None:
    """Share of found cells with the right class: of the matrix, where classes are evaluated."""
    run = _front_run(results, testset)
    accuracy = _run(results, run)["classification"]["accuracy"]
    return None if accuracy is None else (_percent(accuracy),)


def tile_false_positives(results: Path, testset: str) -> tuple[str, ...]:
    """False positives a frame."""
    return found_and_added(results, _front_run(results, testset))[-1:]


def tile_grey(results: Path, testset: str) -> tuple[str | None, ...] | None:
    """The word that most is colour, share found and false positives a frame of the same frames in grey."""
    run = _front_run(results, testset)
    plain, grey = found_and_added(results, run), found_and_added(results, f"{run}-in-grey")
    if grey is None:
        return None
    missed = [1 - float(own[2]) for own in (grey, plain)]
    false_positives = [int(own[3].replace(",", "")) for own in (grey, plain)]
    mostly = all(2 * less < more for less, more in (missed, false_positives))
    return "Mostly its colour: in" if mostly else "In", _percent(float(grey[2])), grey[4]


def tile_recordings(results: Path, testset: str) -> tuple[str, ...] | None:
    """Recordings of a test set that has too few of them for an interval."""
    n = _table(results / "testsets" / testset / "frames.csv", dtype=str)["recording"].nunique()
    return (count(n),) if n < 3 else None


def _claims_table(results: Path) -> pd.DataFrame:
    return _table(results / "tables/claims.csv", dtype=str)


def decided(results: Path, _: str) -> tuple[str, ...]:
    """Decided sentences and values of all."""
    claims = _claims_table(results)
    settled = ~claims["verdict"].str.startswith("not decided")
    sentence = claims["kind"] == "sentence"
    values = claims["verdict"].isin(["within tolerance", "outside tolerance"]) & ~sentence
    return tuple(map(count, ((settled & sentence).sum(), sentence.sum(), values.sum(), (~sentence).sum())))


def would(results: Path, _: str) -> tuple[str, ...]:
    """Sentences that would hold, would not, and cannot be told, on the frames of the run."""
    own = _claims_table(results)
    own = own[own["kind"] == "sentence"]
    left = own[own["verdict"].str.startswith("not decided")]
    holds, fails = (left["reason"].str.startswith(f"Would {word}").sum() for word in ("hold", "not hold"))
    return count(holds), count(len(own)), count(fails), count(len(left) - holds - fails)


def checked(results: Path, _: str) -> tuple[str, ...]:
    """Counts that two libraries made again."""
    agrees = _table(results / "tables/metric_checks.csv", dtype=str)["agrees"]
    return count((agrees == "True").sum()), count(len(agrees))


def committed(results: Path, _: str) -> tuple[str, ...] | None:
    """Datasets whose pixels are as committed."""
    file = results / "tables/fingerprints.csv"
    own = _table(file, dtype=str) if file.is_file() else None
    if own is None:
        return None
    own = own[own["stage"] == "dataset"]
    return count((own["committed_at"] != "").sum()), count(len(own))


def trained_as(results: Path, _: str) -> tuple[str, ...]:
    """Epochs, images and seeds of the first screen's model."""
    seeds = sorted((results / "models" / front_model(results)).glob("seed-*/training.json"))
    data = _table(results / "datasets" / front_model(results) / "metadata.csv", dtype=str)
    return count(_json(seeds[0])["epochs"]), count((data["split"] == "train").sum()), count(len(seeds))


def _significant(text: str) -> str:
    return f"{float(text):.3g}".replace("-", "\N{MINUS SIGN}")


def _claim(results: Path, name: str) -> pd.Series:
    return _claims_table(results).set_index("id").loc[name]


def card_simulated(results: Path, name: str) -> tuple[str, ...] | None:
    """Value and interval on simulated frames."""
    own = _claim(results, name)
    if "phantom" not in own["origin"] or not own["low"]:
        return None
    return tuple(_significant(own[key]) for key in ("here", "low", "high"))


def card_public(results: Path, name: str) -> tuple[str, ...] | None:
    """Value on public recordings."""
    own = _claim(results, name)
    return (_significant(own["public"]),) if own["public"] else None


def card_power(results: Path, name: str) -> tuple[str, ...] | None:
    """How often the test comes out right where the sentence is true, and where it is false."""
    own = _claim(results, name)
    if not own["power_true"]:
        return None
    return tuple(re.match(r"right (\d+) %", own[key])[1] for key in ("power_true", "power_false"))


def card_grey(results: Path, name: str) -> tuple[str, ...] | None:
    """Value and verdict on the same frames in grey, where the verdict is another than on the frames as they are."""
    own = _claim(results, name)
    grey = re.search(r"With grey frames: \w+ (\S+)(?: \(.*?\))?, ([a-z ]+)\.", own["reason"])
    if grey is None or own["reason"].lower().startswith(f"{grey[2]} on"):
        return None
    return _significant(grey[1]), grey[2]


def wrong_matrix(page: str, results: Path) -> list[str]:
    """Return a line for each number of the table of models by test sets that the headline table has not."""
    table = pd.read_csv(results / "tables/headline.csv", keep_default_na=False, dtype=str)
    rows = {(row["run"], row["metric"]): row for row in table.to_dict("records")}
    runs = {run for run, _ in rows}
    turned = {"native": "-at-native", "grey": "-in-grey"}

    def said(run: str, metric: str) -> str:
        row = rows[run, metric]
        if not row["value"]:
            return "–"
        value, *ends = (f"{100 * float(row[key]):.0f}" if row[key] else "" for key in ("value", "low", "high"))
        return f"{value} ({ends[0]}–{ends[1]})" if all(ends) else value

    complaints, cells = [], re.findall(r'<td class="heat"([^>]*)><a href="#run-([^"]+)">', page)
    for attributes, run in cells:
        for name, value in re.findall(r'data-([a-z-]+)="([^"]*)"', attributes):
            own = run + turned.get(name.partition("-")[0], "")
            if own not in runs:
                complaints.append(f"{run} {name}: the page has a number, the files none")
                continue
            suffix = "_one_box" if name.endswith("one") else ""
            expected = [said(own, f"{metric}{suffix}") for metric in ("recall", "precision")]
            if html.unescape(value).split("|")[:2] != expected:
                complaints.append(f"{run} {name}: the page says {value}, the files {expected}")
    return complaints if cells else ["no cell on the page"]


SIGNED = "(\N{MINUS SIGN}?\\d[\\d.]*(?:e\N{MINUS SIGN}\\d+)?)"

SENTENCES = [
    Sentence("single cells", rf"{N} single cells in {N} banks?", cells_in_banks),
    Sentence(
        "pairs evaluated", rf"{N} of the {N} pairs of {N} detectors? and {N} test sets? were evaluated", evaluated_pairs
    ),
    Sentence("timed jobs", rf"{N} jobs of {N} rules took", timed, "speed"),
    Sentence("shown errors", rf"{N} errors? of {N} runs? (?:is|are) shown", shown_errors),
    Sentence(
        "known recordings",
        rf"Of the {N} recordings of Saarland that test sets are made of, {N} are known to have given a cell to "
        rf"train or val; the recording is known of {N} of its {N} cells",
        known_recordings,
    ),
    Sentence(
        "found and added",
        rf"The detector finds {N} of {N} true box(?:es)? \(recall {DECIMAL}\) and adds {N} box(?:es)? "
        rf"that finds? none, (\d+\.\d+) a frame",
        found_and_added,
        "run-",
    ),
    Sentence(
        "false positives", rf": {N} second, {N} badly placed, {N} on background\. Precision", false_positives, "run-"
    ),
    Sentence("median overlap", rf"Median overlap of a found cell with its box {DECIMAL}", median_overlap, "run-"),
    Sentence("mean precision", rf"; mAP50 {DECIMAL}, mAP50-95 {DECIMAL}", mean_precision, "run-"),
    Sentence(
        "found, first screen", rf"(\d+) %(?: \((\d+) to (\d+)\))? found: {N} of {N} cells? on", tile_found, "tile-"
    ),
    Sentence("named, first screen", r"(\d+) % of these classified correctly", tile_named, "tile-"),
    Sentence("false positives, first screen", r"(\d+\.\d+) false positives a frame", tile_false_positives, "tile-"),
    Sentence(
        "in grey, first screen",
        r"a frame\. (Mostly its colour: in|In) grey (\d+) % found, (\d+\.\d+) false positives",
        tile_grey,
        "tile-",
    ),
    Sentence("few recordings, first screen", rf"\({N} recordings?: no interval\)", tile_recordings, "tile-"),
    Sentence("claims decided", rf"{N} of {N} sentences and {N} of {N} printed values decided", decided),
    Sentence(
        "claims on these frames",
        rf"{N} of {N} sentences of the preprint would hold, {N} would not, and {N} cannot be told",
        would,
    ),
    Sentence("counted again", rf"{N} of {N} counts agree with", checked),
    Sentence("pixels as committed", rf"{N} of {N} datasets pixel for pixel as committed", committed),
    Sentence("trained as", rf"”: {N} epochs? on {N} images, {N} seeds?", trained_as),
    Sentence("card, simulated", rf"simulated {SIGNED} \({SIGNED} to {SIGNED}\)", card_simulated, "claim-"),
    Sentence("card, public", rf"public {SIGNED} ", card_public, "claim-"),
    Sentence("card, power", r"is true, right in (\d+) %.*?is false, in (\d+) %", card_power, "claim-"),
    Sentence("card, in grey", rf"; with the same frames in grey: {SIGNED}, ([a-z ]+?) Source", card_grey, "claim-"),
    Sentence("class without a name", r"\(without class ([a-z ]+)\)", unnamed_classes, "run-"),
    Sentence("test set", rf": {N} frames? with {N} true box(?:es)?, from {N} recordings?", testset, "testset-"),
    Sentence("donors", rf"recordings? of {N} donors?", donors, "testset-"),
    Sentence("evaluated epoch", rf"\d \(\d+\) {DECIMAL} ", evaluated_epoch, "trained-"),
    Sentence("too few recordings", r"too few for an interval", too_few, "testset-"),
]
"""One a kind of sentence; those with a place are looked for in every run or test set of the page."""
