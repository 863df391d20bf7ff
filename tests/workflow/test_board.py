"""The board on the terminal: what it shows of a run, what it leaves to Snakemake, and when it stays away."""

import io
import logging
import re
from types import SimpleNamespace

import pytest

from rbcflow.runtime import board
from rbcflow.runtime.board import Board, Job, clock, last_told, read_seconds


@pytest.fixture
def shown(monkeypatch):
    """A board of three jobs on two cores that is only looked at by `lines`, with what is printed."""
    monkeypatch.setattr(board, "EVERY", 1000)
    monkeypatch.setattr(board.time, "monotonic", lambda: 100.0)
    stream = io.StringIO()
    jobs = {1: Job("a", seconds=30), 2: Job("b", seconds=10, alone=True), 3: Job("c")}
    own = Board(logging.StreamHandler(stream), jobs, 2, stream)
    yield own, stream
    own.close()


def event(name: str | None, message: str = "", level: int = logging.INFO, **fields) -> logging.LogRecord:
    record = logging.LogRecord("snakemake", level, "", 0, message, None, None)
    record.__dict__ |= {"event": name, **fields}
    return record


def test_it_counts_jobs_and_tells_how_far_the_running_ones_are(shown, tmp_path):
    own, stream = shown
    own.jobs[1].log = tmp_path / "log"
    own.jobs[1].log.write_text("10:00:00 INFO rbcflow.training.trainer: epoch 3 of 13; 55.5 images/s; 151 s left\n")
    own.emit(event("job_info", jobid=1, rule_name="a", rule_msg="Training a"))
    own.emit(event("job_info", jobid=2, rule_name="b", rule_msg=None))
    own.emit(event("job_finished", job_id=2))
    # a has 30 - 12 s to go, c takes the mean of 20 s: 38 s on two cores
    assert own.lines(112.0) == [
        "[########----------------] 1 of 3 jobs, 0:12 gone, about 0:19 left",
        "   0:12  Training a: epoch 3 of 13; 55.5 images/s; 151 s left",
    ]
    assert stream.getvalue() == ""


def test_jobs_that_wait_for_each_other_bound_the_time_left(shown):
    own, _ = shown
    own.jobs[2].seconds, own.jobs[3].seconds = 90, 0
    assert own.seconds_left(100.0) == 90
    own.jobs[2].alone = False
    assert own.seconds_left(100.0) == 60


def test_nothing_is_said_of_the_time_left_where_nothing_is_known_or_a_job_is_late(shown):
    own, _ = shown
    own.emit(event("job_info", jobid=1, rule_name="a", rule_msg=None))
    for done in (2, 3):
        own.emit(event("job_finished", job_id=done))
    assert "left" in own.lines(129.0)[0] and "left" not in own.lines(131.0)[0]
    for job in own.jobs.values():
        job.seconds = None
    assert own.seconds_left(100.0) is None


@pytest.mark.parametrize(
    ("record", "printed"),
    [
        (event("job_started", "Execute 1 jobs..."), ""),
        (event(None, "Select jobs to execute..."), ""),
        (event(None, "Complete log(s): x"), "Complete log(s): x\n"),
        (event(None, "beware", logging.WARNING), "beware\n"),
        (event("job_error", "Error in rule a", logging.ERROR, jobid=1), "Error in rule a\n"),
    ],
)
def test_errors_and_what_the_board_does_not_stand_for_are_printed_above_it(shown, record, printed):
    own, stream = shown
    own.height = 2
    own.emit(record)
    assert stream.getvalue() == ("\x1b[2F\x1b[J" + printed if printed else "")
    assert (", 1 failed," in own.lines(100.0)[0]) == (record.event == "job_error")


def test_a_last_line_is_left(shown):
    own, stream = shown
    own.close()
    assert re.fullmatch(r"\[-+\] 0 of 3 jobs, 0:00 gone\n", stream.getvalue())


def test_logs_and_benchmarks_are_read(tmp_path):
    log = tmp_path / "log"
    assert last_told(None) == last_told(log) == ""
    log.write_text("10:00:00 INFO rbcflow.a: far\n10:00:01 WARNING py.warnings: x\n10:00:02 INFO hdf5plugin: y\nz\n")
    assert last_told(log) == "far"
    (tmp_path / "good.tsv").write_text("s\th:m:s\n12.5\t0:00:12\n")
    (tmp_path / "bad.tsv").write_text("s\th:m:s\n")
    (tmp_path / "other.tsv").write_text("t\n1\n")
    found = [read_seconds(tmp_path / f"{name}.tsv") for name in ("good", "bad", "no", "other")]
    assert found == [12.5, None, None, None]
    assert [clock(seconds) for seconds in (0, 59.6, 3725)] == ["0:00", "1:00", "1:02:05"]


@pytest.mark.parametrize(
    ("change", "is_shown"),
    [
        ({}, True),
        ({"tty": False}, False),
        ({"quiet": {"all"}}, False),
        ({"local": False}, False),
        ({"term": "dumb"}, False),
    ],
)
def test_it_is_shown_on_a_terminal_alone(monkeypatch, change, is_shown):
    given = {"tty": True, "quiet": None, "local": True, "term": "xterm"} | change
    monkeypatch.setenv("TERM", given["term"])
    # as the environment was before, whatever `show` sets
    monkeypatch.setenv(board.SHOWN, "")
    stream = io.StringIO()
    stream.isatty = lambda: given["tty"]
    plain, logger = logging.StreamHandler(stream), logging.Logger("own")
    plain.name = "DefaultStreamHandler"
    logger.addHandler(plain)
    job = SimpleNamespace(
        rule=SimpleNamespace(name="a"), log=["a.log"], benchmark="a.tsv", resources={"gpu": 1}, message=None
    )
    dag = SimpleNamespace(needrun_jobs=lambda: [job], jobid=lambda job: 7)
    workflow = SimpleNamespace(
        output_settings=SimpleNamespace(quiet=given["quiet"], verbose=False, printshellcmds=False),
        local_exec=given["local"], is_main_process=True, dag=dag, cores=2,
    )  # fmt: skip
    board.show(workflow, logger)
    (handler,) = logger.handlers
    assert (handler is not plain) == is_shown
    if is_shown:
        assert (handler.jobs[7].log.name, handler.jobs[7].alone) == ("a.log", True)
        handler.close()
