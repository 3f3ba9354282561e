"""A question that waits for the end of a job, and not longer."""

from __future__ import annotations

import asyncio
from threading import Thread, Timer
from typing import TYPE_CHECKING, Any

import pytest

from frm_bridge.doors.bell import Bell

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_S = 60.0


def test_who_waits_is_woken_by_any_thread_and_looks_again() -> None:
    happened: list[int] = []

    async def wait() -> None:
        bell = Bell()

        def happen() -> None:
            for number in range(3):
                happened.append(number)
                bell.ring()

        timer = Timer(0.01, happen)
        timer.start()
        waits = [bell.wait(lambda: len(happened) == 3, LONGEST_S) for _ in range(5)]
        await asyncio.wait_for(asyncio.gather(*waits), LONGEST_S / 2)
        timer.join()

    asyncio.run(wait())
    assert happened == [0, 1, 2]


def test_who_waits_does_so_no_longer_than_said_and_not_for_what_has_happened() -> None:
    bell = Bell()
    bell.ring()  # nobody waits
    asyncio.run(bell.wait(lambda: False, 0.01))
    asyncio.run(bell.wait(lambda: True, LONGEST_S))
    bell.ring()  # nobody waits any more


def test_a_question_waits_for_the_end_if_it_is_told_to(
    served: Any, prediction: dict[str, Any]
) -> None:
    served.answer(served.post("/submit", **prediction)["job"])  # opens the model
    job = served.post("/submit", **prediction)["job"]
    assert served.post("/status", job=job, wait_s=1)["state"] == "done"


def test_a_question_waits_no_longer_than_said(served: Any, slow: Any) -> None:
    job = served.post("/submit", **slow)["job"]
    assert served.post("/status", job=job, wait_s=0.01)["state"] != "done"
    assert served.get("/status", f"{job}")[0].startswith("RUN ")
    served.post("/cancel", job=job)
    assert served.answer(job)["code"] == "E_CANCELLED"


@pytest.mark.parametrize("wait_s", ["x", "", "-1", "1.5", "nan", "inf", None, [1]])
def test_a_wait_that_is_none_is_refused(
    served: Any, prediction: dict[str, Any], wait_s: object
) -> None:
    job = served.post("/submit", **prediction)["job"]
    refused = served.post("/status", job=job, wait_s=wait_s)
    assert refused["code"] == "E_REQUEST"
    assert "expected 0 to 1" in refused["message"]


def test_a_question_of_a_macro_never_waits(served: Any, slow: Any) -> None:
    served.put("ij-9", slow)
    served.get("/submit", "ij-9")
    query = f"job=ij-9&token={served.record.token}&wait_s=x"
    _, text = served.request("GET", f"/status?{query}")
    assert text.startswith("RUN ")
    served.get("/cancel", "ij-9")


def test_a_server_ends_in_order_while_someone_waits(
    serving: Callable[..., Any], slow: dict[str, Any]
) -> None:
    served = serving()
    job = served.post("/submit", **slow)["job"]
    served.wait_for_windows(job)
    told: list[dict[str, Any]] = []
    asks = Thread(target=lambda: told.append(served.post("/status", job=job, wait_s=1)))
    asks.start()
    served.post("/stop")
    assert served.process.wait(LONGEST_S) == 0
    asks.join()
    assert told[0]["job"] == job
    assert "Traceback" not in served.log()
