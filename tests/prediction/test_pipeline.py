"""Three stages at once: order, bounds, and failures in each of them."""

import threading

import pytest

from frm_bridge.prediction.pipeline import DEPTH, run_pipeline


class Stages:
    """Records what happens; fails where it is told to."""

    def __init__(self, *, fail_in="", fail_at=-1):
        self.fail_in, self.fail_at = fail_in, fail_at
        self.events = []
        self.reads = self.written = self.most_ahead = 0

    def _step(self, stage, task):
        self.events.append((stage, task, threading.current_thread().name))
        if stage == self.fail_in and task == self.fail_at:
            raise ValueError(stage)

    def read(self, task):
        self._step("read", task)
        self.reads += 1
        self.most_ahead = max(self.most_ahead, self.reads - self.written)
        return task * 10

    def compute(self, task, pixels):
        self._step("compute", task)
        return pixels + 1

    def write(self, task, output):
        assert output == task * 10 + 1
        self._step("write", task)
        self.written += 1

    def run(self, count):
        done = []
        run_pipeline(
            range(count),
            read=self.read,
            compute=self.compute,
            write=self.write,
            done=lambda: done.append(self.written),
        )
        return done


def test_every_task_passes_each_stage_once_and_in_order():
    stages = Stages()
    done = stages.run(20)
    for stage in ("read", "compute", "write"):
        assert [event[1] for event in stages.events if event[0] == stage] == [
            *range(20)
        ]
    assert len(done) == 20


def test_reading_and_writing_have_threads_of_their_own():
    stages = Stages()
    stages.run(3)
    threads = {event[0]: event[2] for event in stages.events}
    assert threads["read"].startswith("frm-read")
    assert threads["write"].startswith("frm-write")
    assert threads["compute"] == threading.current_thread().name


def test_no_more_than_five_windows_are_alive():
    stages = Stages()
    stages.run(50)
    assert stages.most_ahead <= 2 * DEPTH + 1


def test_no_task_is_no_work():
    assert Stages().run(0) == []


@pytest.mark.parametrize("stage", ["read", "compute", "write"])
def test_a_failure_reaches_the_caller_and_stops_the_others(stage):
    stages = Stages(fail_in=stage, fail_at=5)
    before = threading.active_count()
    with pytest.raises(ValueError, match=stage):
        stages.run(1000)
    assert threading.active_count() == before
    assert stages.reads < 20


def test_what_waits_is_cancelled_when_a_stage_fails():
    writing, failed = threading.Event(), threading.Event()
    written = []

    def compute(task, pixels):
        if task == 2:
            writing.wait(10)
            threading.Timer(0.2, failed.set).start()
            raise ValueError(task)
        return pixels

    def write(task, output):
        writing.set()
        failed.wait(10)
        written.append(task)

    with pytest.raises(ValueError, match="2"):
        run_pipeline(
            range(9),
            read=lambda task: task,
            compute=compute,
            write=write,
            done=lambda: None,
        )
    assert written == [0]
