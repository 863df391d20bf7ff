"""Snakemake's benchmarks look at a job in growing steps, and still see what it took."""

from __future__ import annotations

import time

from snakemake import benchmark

from rbcflow.plan.sampling import look_in_growing_steps, step


def test_steps_grow_from_half_a_second_to_half_a_minute():
    assert [step(looks) for looks in (1, 2, 3)] == [0.5, 0.75, 1.125]
    assert step(11) < step(12) == step(100) == 30


def test_a_job_is_looked_at_in_these_steps(monkeypatch):
    monkeypatch.setattr(benchmark.ScheduledPeriodicTimer, "_schedule", benchmark.ScheduledPeriodicTimer._schedule)
    monkeypatch.setattr(benchmark, "BENCHMARK_INTERVAL_SHORT", 0.02)
    monkeypatch.setattr("rbcflow.plan.sampling.GROWTH", 20)
    look_in_growing_steps()

    class Counted(benchmark.ScheduledPeriodicTimer):
        looks = 0

        def work(self):
            self.looks += 1

    timer = Counted(30)
    timer.start()
    time.sleep(0.2)
    timer.cancel()
    # at once and after 0.02 s; the next would be after 0.4 s more, where the usual timer has looked ten times
    assert timer.looks == 2
