"""Loud events are sampled, the ends of runs never; nothing is said while nothing happens."""

from typing import Any

import pytest
import structlog

from app.observability.log_sampling import Sampler


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def told(sampler: Sampler, **event: Any) -> dict[str, Any] | None:
    try:
        return dict(sampler(None, "info", dict(event)))
    except structlog.DropEvent:
        return None


def test_a_loud_event_is_sampled_and_says_so() -> None:
    clock = Clock()
    sampler = Sampler(5, monotonic=clock)
    lines = [told(sampler, event="request", status=200) for _ in range(50)]
    assert [line is not None for line in lines] == [True] * 5 + [False] * 45
    # failures of ours, other events and the ends of runs are told all the same
    assert told(sampler, event="request", status=503) is not None
    assert told(sampler, event="graph.retries") is not None
    assert all(told(sampler, event="run.ended", run_id=number) for number in range(50))
    clock.now += 1
    again = told(sampler, event="request", status=200)
    assert again is not None
    assert again["left_out"] == 45
    following = told(sampler, event="request", status=200)
    assert following is not None
    assert "left_out" not in following


@pytest.mark.parametrize("count", [10, 1000])
def test_without_a_bound_all_is_told(count: int) -> None:
    sampler = Sampler(0)
    assert all(told(sampler, event="request") for _ in range(count))
