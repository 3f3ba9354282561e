"""Whose turn it is."""

from __future__ import annotations

from pathlib import Path

from frm_bridge.doors.job import Job
from frm_bridge.doors.lane import Lane
from frm_bridge.doors.request import Request

REQUEST = Request("predict", Path("/a.tif"), Path("/b.tif"), model="m")


def taken(lane: Lane) -> list[str]:
    return [job.name for job in iter(lane.take, None)]


def test_clients_take_turns_and_each_keeps_its_order() -> None:
    lane = Lane()
    for name in ("a-1", "a-2", "a-3", "b-1", "c-1", "c-2"):
        lane.put(Job(name, REQUEST))
    assert taken(lane) == ["a-1", "b-1", "c-1", "a-2", "c-2", "a-3"]
    assert lane.take() is None


def test_who_comes_last_with_one_is_next_but_one() -> None:
    lane = Lane()
    for number in range(200):
        lane.put(Job(f"a-{number}", REQUEST))
    lane.put(Job("b-1", REQUEST))
    assert taken(lane)[:3] == ["a-0", "b-1", "a-1"]


def test_who_asks_for_more_while_it_is_served_comes_after_the_others() -> None:
    lane = Lane()
    lane.put(Job("a-1", REQUEST))
    lane.take()
    for name in ("a-2", "b-1", "a-3"):
        lane.put(Job(name, REQUEST))
    assert taken(lane) == ["b-1", "a-2", "a-3"]


def test_a_job_that_is_dropped_leaves_the_others_in_order() -> None:
    lane = Lane()
    waiting = [Job(name, REQUEST) for name in ("a-1", "a-2", "b-1")]
    for job in waiting:
        lane.put(job)
    lane.drop(waiting[0])
    lane.drop(waiting[2])
    assert taken(lane) == ["a-2"]
    assert lane.queues == {}
