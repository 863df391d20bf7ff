"""Configuration files, tables and paths as people and their programs write them: read, or refused by name."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
import yaml

from project_copy import PROJECT
from rbcflow.config import load
from rbcflow.config.reader import check_files, merged
from rbcflow.config.said import said_by
from rbcflow.core.errors import InputError
from rbcflow.core.places import expanded
from rbcflow.plan.disk import Disk
from rbcflow.plan.possible import possible
from rbcflow.recordings.folder import write_sheet
from rbcflow.recordings.sheet import read_sheet

RUNS = "run\tmodel\ttestset\tpublished_as\tsize\nrandom-on-naples\trandom\tnaples\tval21\t\n"


@pytest.fixture(autouse=True)
def in_project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(PROJECT)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("RBC_DATA", str(tmp_path / "data"))


def settings(**change):
    return load(yaml.safe_load((PROJECT / "config/config.yaml").read_text()) | change)


TWICE = "seed: 1\nsources: {naples: {access: local}}\nsources: {kihm2018: {access: local}}\n"


@pytest.mark.parametrize(
    ("name", "content", "parts"),
    [
        ("my.yaml", TWICE, ["my.yaml (line 3)", "'sources' twice"]),
        ("my.yaml", "\ufeff" + TWICE, ["(line 3)", "'sources' twice"]),
        ("my.yaml", "sources:\n  naples: {}\n  naples: {}\n", ["(line 3)", "'naples' twice"]),
        ("my.json", '{"seed": 1, "images": {"val": 1, "val": 2}}', ["my.json", "'val' twice"]),
        ("my.yaml", "seed: [1\n", ["my.yaml", "not YAML"]),
        ("my.yaml", b"PK\x03\x04", ["my.yaml", "a workbook"]),
        ("my.yaml", b"seed: 1 # \xb5m\n", ["my.yaml (line 1)", "not UTF-8"]),
        (
            "source.json",
            '{"source": "naples", "layout": "naples"}',
            ["source.json", "source, layout", "before --configfile"],
        ),
        ("my.yaml", "segmenters: {steps: 9}\n", ["my.yaml", "keys segmenters", "did you mean 'segmentation'?"]),
    ],
)
def test_a_configuration_file_is_read_with_the_projects_own_loader(tmp_path: Path, name, content, parts):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError) as caught:
        check_files([PROJECT / "config/config.yaml", tmp_path / name])
    assert all(part in str(caught.value) for part in parts), str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        "seed: 1\n",
        "\ufeffseed: 1\r\n",
        '{"seed":\t1}',
        "",
        "__use_yte__: true\n?if True:\n  seed: 1\n?if False:\n  seed: 2\n",
    ],
)
def test_a_configuration_file_that_is_whole_is_taken(tmp_path: Path, content: str):
    (tmp_path / "my.yaml").write_bytes(content.encode())
    check_files([*PROJECT.glob("config/*onfig.yaml"), PROJECT / "config/paper.yaml", tmp_path / "my.yaml"])


@pytest.mark.parametrize(
    ("mine", "given", "place"),
    [
        # the last file that says it
        ("shard_size: many\n", {}, "my.yaml (key shard_size)"),
        ("training: {device: gpu}\n", {}, "my.yaml (key training.device)"),
        # a row is checked as a whole: what a file laid over it is the file's own
        (
            "sources: {kihm2018: {sha256: xyz}}\n",
            {},
            "my.yaml (key sources.kihm2018.sha256, laid over config/sources.yaml)",
        ),
        ("models: {random: {variant: rnd}}\n", {}, "my.yaml (key models.random.variant, laid over config/models.yaml)"),
        ("sources: {mine: {title: t}}\n", {}, "my.yaml (key sources.mine, laid over config/sources.yaml)"),
        # the command line wins over the file
        ("shard_size: 5\n", {"shard_size": "many"}, "configuration (key shard_size)"),
        (
            "seed: 1\n",
            {"models": {"random": {"variant": "rnd"}}},
            "configuration (key models.random.variant, laid over config/models.yaml)",
        ),
        # a table's own fault stays the table's
        ("tables: {banks: broken.yaml}\n", {}, "broken.yaml (key simulated.methods"),
        ("tables: {banks: broken.yaml}\nbanks: {naples: {title: x}}\n", {}, "broken.yaml (key simulated.methods"),
        (
            "tables: {banks: ~/banks.yaml}\nbanks: {naples: {methods: []}}\n",
            {},
            "my.yaml (key banks.naples.methods, laid",
        ),
        ("tables: 5\n", {}, "my.yaml (key tables)"),
        ("runs: {random-on-naples: {size: big}}\n", {}, "my.yaml (key runs.random-on-naples.size)"),
    ],
)
def test_a_wrong_key_is_blamed_on_the_file_that_says_it(tmp_path: Path, mine: str, given, place: str):
    (tmp_path / "my.yaml").write_text(mine)
    banks = (PROJECT / "config/banks.yaml").read_text()
    (tmp_path / "banks.yaml").write_text(banks)
    (tmp_path / "broken.yaml").write_text(banks.replace("methods: [simulated]", "methods: [drawn]"))
    if "broken" in mine:
        mine = mine.replace("broken.yaml", str(tmp_path / "broken.yaml"))
    files = [PROJECT / "config/config.yaml", tmp_path / "my.yaml"]
    raw: dict = {}
    for said in (yaml.safe_load(files[0].read_text()), yaml.safe_load(mine), given):
        raw = merged(raw, said)
    with pytest.raises(InputError) as caught:
        load(raw)
    assert place in str(said_by(caught.value, raw, files))


EXCEL = {
    "byte order mark": "\ufeff" + RUNS,
    "carriage returns": RUNS.replace("\n", "\r\n"),
    "empty columns and rows": RUNS.replace("\n", "\t\t\n") + "\t\t\t\t\t\t\n\t\t\t\t\t\t\n",
    "semicolons": RUNS.replace("\t", ";"),
    "commas and quotes": '"run","model","testset","published_as"\n"random-on-naples","random","naples","val21"\n',
    "columns in another order": "testset\trun\tpublished_as\tmodel\nnaples\trandom-on-naples\tval21\trandom\n",
    "no cell behind the last": "run\tmodel\ttestset\tpublished_as\tsize\nrandom-on-naples\trandom\tnaples\tval21\n",
}


@pytest.mark.parametrize("case", EXCEL)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_table_of_runs_is_read_as_spreadsheets_save_it(tmp_path: Path, case: str, encoding: str):
    (tmp_path / "runs.tsv").write_bytes(EXCEL[case].lstrip("\ufeff" if encoding == "utf-16" else "").encode(encoding))
    runs = settings(tables={"runs": str(tmp_path / "runs.tsv")}).runs
    assert [(run.run, run.published_as, run.size) for run in runs.values()] == [
        ("random-on-naples", "val21", "trained")
    ]


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (b"PK\x03\x04", ["runs.tsv", "a workbook", "Save as"]),
        ("run\tmodel\ttestset\tpublished_as\tmodel\n", ["row 1", "each once"]),
        (RUNS.replace("\tval21\t\n", "\tval21\t\tnote\n"), ["row 2", "6 fields"]),
        (RUNS.replace("val21", '"val21'), ["a quote that is not closed"]),
    ],
)
def test_a_table_of_runs_that_is_none_is_named(tmp_path: Path, content, parts):
    (tmp_path / "runs.tsv").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError) as caught:
        settings(tables={"runs": str(tmp_path / "runs.tsv")})
    assert all(part in str(caught.value) for part in parts), str(caught.value)


def test_a_table_of_yaml_may_have_a_byte_order_mark(tmp_path: Path):
    for encoding in ("utf-8-sig", "utf-16"):
        (tmp_path / "testsets.yaml").write_text((PROJECT / "config/testsets.yaml").read_text(), encoding=encoding)
        assert "naples" in settings(tables={"testsets": "~/testsets.yaml"}).testsets


def test_home_and_variables_in_paths_are_expanded(tmp_path: Path):
    sources = {"naples": {"path": "~/data/naples"}, "kihm2018": {"path": "${RBC_DATA}/kihm", "access": "local"}}
    sums = {"path": "$RBC_DATA/best.pt", "sha256": "AB" * 32}
    found = settings(sources=sources, raw="~/raw", given={**sums, "testsets": ["naples"]})
    assert found.raw_folder("naples") == tmp_path / "data/naples"
    assert found.raw_folder("kihm2018") == tmp_path / "data/kihm"
    assert found.raw_folder("liang2024") == tmp_path / "raw/liang2024"
    assert found.checkpoint("given", {}) == {"path": str(tmp_path / "data/best.pt"), "sha256": "ab" * 32}
    # whoever names a folder means the files in it, whatever `phantoms` says
    assert (found.access("naples"), found.access("liang2024")) == ("local", "phantom")


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (
            {"sources": {"naples": {"path": "$RBC_NOT_SET/x"}}},
            ["naples.path", "'$RBC_NOT_SET/x'", "$RBC_NOT_SET is not"],
        ),
        ({"raw": "~nobody_of_this_name/x"}, ["key raw", "nobody here has ~nobody_of_this_name"]),
        ({"pathvars": {"results": "~/results"}}, ["pathvars", "paths spelled out"]),
        ({"pathvars": {"results": "$HOME/results"}}, ["pathvars", "paths spelled out"]),
    ],
)
def test_what_cannot_be_expanded_is_named(change: dict, parts: list[str]):
    with pytest.raises(InputError) as caught:
        settings(**change)
    assert all(part in str(caught.value) for part in parts), str(caught.value)


def test_accents_are_found_in_either_spelling(tmp_path: Path):
    place = Path(unicodedata.normalize("NFC", "Jürgen")) / unicodedata.normalize("NFD", "Präparat $5")
    (tmp_path / place).mkdir(parents=True)
    for form in ("NFC", "NFD"):
        found = settings(sources={"naples": {"path": unicodedata.normalize(form, f"~/{place}")}})
        assert found.raw_folder("naples").is_dir()
    assert expanded(str(tmp_path / place)) == str(tmp_path / place)


def test_a_sheet_with_semicolons_is_lengthened_by_lines_like_its_own(tmp_path: Path):
    for name in ("a.avi", "b; c.avi"):
        (tmp_path / "videos" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "videos" / name).touch()
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(f"recording;file;fps\na;{tmp_path}/videos/a.avi;500\n")
    assert write_sheet(tmp_path / "videos", sheet) == (1, [])
    assert [(row.fps, Path(row.file).name) for row in read_sheet(sheet).values()] == [
        (500, "a.avi"),
        (None, "b; c.avi"),
    ]


@pytest.mark.parametrize(
    ("row", "parts"),
    [
        ({"kind": "naples", "pattern": "(?P<donor>.)"}, ["`pattern` goes with `kind: yolo_folder`"]),
        ({"kind": "yolo_folder", "pattern": "(?P<donor>."}, ["a regular expression"]),
        ({"kind": "yolo_folder", "pattern": "(?P<blood>.)"}, ["groups such as (?P<donor>...)", "condition"]),
        ({"kind": "yolo_folder", "pattern": "(?P<donor>.)", "table": "a"}, ["not both"]),
        ({"kind": "yolo_folder", "table": "a.csv"}, ["a.csv, which is not there", "key own.table"]),
        ({"kind": "naples"}, ["kind naples with a source of layout yolo_folder"]),
    ],
)
def test_a_wrong_test_set_of_a_folder_is_named(tmp_path: Path, row: dict, parts: list[str]):
    tables = {}
    texts = {"title": "own", "licence": "x", "availability": "x", "reference": "x"}
    for name, own in (
        ("sources", {**texts, "layout": "yolo_folder", "path": "x"}),
        ("testsets", {"title": "own", "source": "own", **row}),
    ):
        table = yaml.safe_load((PROJECT / f"config/{name}.yaml").read_text()) | {"own": own}
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(table))
        tables[name] = f"~/{name}.yaml"
    with pytest.raises(InputError) as caught:
        settings(tables=tables)
    assert all(part in str(caught.value) for part in parts), str(caught.value)


def test_a_published_test_set_may_be_a_folder_of_labelled_frames(tmp_path: Path):
    sources = yaml.safe_load((PROJECT / "config/sources.yaml").read_text())
    sources["own"] = {
        "title": "o",
        "layout": "yolo_folder",
        "path": "x",
        "licence": "x",
        "availability": "x",
        "reference": "x",
    }
    (tmp_path / "sources.yaml").write_text(yaml.safe_dump(sources))
    row = {"source": "own", "kind": "yolo_folder", "pattern": r"(?P<donor>d\d)_(?P<frame>\d+)"}
    own = settings(tables={"sources": "~/sources.yaml"}, testsets={"saarland_donors": row})
    assert (own.testsets["saarland_donors"].kind, own.access("own")) == ("yolo_folder", "local")
    assert own.runs["random-on-saarland_donors"].published_as == "val28"


def test_a_detector_of_one_class_is_taken_and_not_trained():
    given = {"path": "x.pt", "sha256": "0" * 64, "classes": 1, "testsets": ["naples"]}
    assert settings(given=given).classes("given") == ["cell"]
    with pytest.raises(InputError, match=r"random\.classes\): found classes 1; expected 2 or 3"):
        settings(models={"random": {"classes": 1}})


def test_what_is_possible_follows_from_the_files_that_are_there(tmp_path: Path):
    for name in ("naples/a", "liang2024/a"):
        (tmp_path / "raw" / name).mkdir(parents=True)
    given = {"path": "~/best.pt", "sha256": "0" * 64, "testsets": ["naples", "saarland_donors"]}
    (tmp_path / "best.pt").touch()
    own = settings(phantoms=False, raw="~/raw", given=given)
    checkpoints = {name: own.checkpoint(name, {}) for name in own.models}
    found = possible(own, checkpoints, Disk(own))
    assert found.sources == ["naples", "flow_public", "simulated", "liang2024"]
    assert set(found.banks) == {
        "flow_public",
        "liang2024",
        "naples",
        "liang2024_yolo",
        "liang2024_contrast",
        "simulated",
    }
    assert (found.variants, found.models) == (["synthetic"], ["synthetic", "starter", "given"])
    pictures = ["singapore_raw", "singapore_held_out"]
    assert found.testsets == ["naples", "naples_published", "flow_public", *pictures, "synthetic_test"]
    assert "given-on-naples" in found.runs
    assert found.lacking["runs", "given-on-saarland_donors"] == ["nouaman2024"]
    assert "results/raw/naples/source.json" in found.targets("results", ["naples"])
    lines = "\n".join(found.lines())
    assert "not nouaman2024" in lines
    (tmp_path / "best.pt").unlink()
    assert "given" not in possible(own, checkpoints, Disk(own)).models
    # where all is simulated, all is possible
    assert possible(settings(), {}, Disk(settings())).lacking == {}
