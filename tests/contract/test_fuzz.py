"""Ten minutes of nonsense for every operation: no 5xx, no hang, no growing memory.

The long form only (`make chaos`): cases of the document, broken ones mostly,
with headers that nobody sends, in
turn over all operations until the time is over.
"""

import itertools
import os
import time
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from tests.chaos.fuzzing import (
    FUZZED,
    GROWTH_BYTES,
    LONGEST_SECONDS,
    SECONDS,
    Clock,
    Fuzzed,
    forget_peak,
    memory,
)
from tests.contract.conftest import Served
from tests.contract.test_contract import LONG, OPERATIONS, ROLES, order, send

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.timeout(0),
    pytest.mark.skipif(not LONG, reason="the long form only"),
]

_CASES_A_TURN = 3
_HEADERS = st.dictionaries(
    st.sampled_from([
        "Accept", "Accept-Encoding", "Accept-Language", "Content-Encoding", "Cookie", "Expect",
        "Idempotency-Key",
        "If-Match", "If-Modified-Since", "If-None-Match", "Origin", "Range", "Referer", "Sec-Fetch-Site",
        "X-Forwarded-For", "X-Request-ID", "traceparent",
    ]),
    st.sampled_from([
        "*", "*/*", "bytes=0-0,1-2,-1", "gzip", "br, gzip;q=0", "text/html", 'W/"1-x"', '"', "null",
        "identity", "a=b; c",
        "audience_export_session=x", "https://evil.example.com", "cross-site", "x" * 300,
        "00-" + "0" * 32, "127.0.0.1",
        "Thu, 01 Jan 1970 00:00:00 GMT", "100-continue", ",,,", "\xe9",
    ])
    | st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60),
    max_size=3,
)  # fmt: skip


def test_operations(served: Served, counted: Counter[str], request: pytest.FixtureRequest) -> None:
    found = Fuzzed(f"operations ({sum(not _streams(name) for name in OPERATIONS)})")
    request.config.stash.setdefault(FUZZED, []).append(found)
    # a stream is there to stay
    names = [name for name in sorted(OPERATIONS, key=order) if not _streams(name)]
    start = int(os.environ.get("FUZZ_SEED", time.time_ns() % 1_000_000))
    # once each: what the process keeps by then is what it needs
    for name in names:
        _turn(name, start, served, counted, found, roles=("administrator",))
    idle = memory(served.pid)
    forget_peak(served.pid)
    began = time.monotonic()
    for number in itertools.count(start + 1):
        for name in names:
            if time.monotonic() - began > SECONDS:
                break
            _turn(name, number, served, counted, found, roles=ROLES)
        else:
            continue
        break
    found.seconds = time.monotonic() - began
    found.growth = memory(served.pid, peak=True) - idle
    assert found.growth < GROWTH_BYTES, f"{found.growth >> 20} MiB (FUZZ_SEED={start})"


def _streams(name: str) -> bool:
    answers = OPERATIONS[name].definition.raw["responses"].values()
    return any("text/event-stream" in answer.get("content", {}) for answer in answers)


def _turn(
    name: str,
    number: int,
    served: Served,
    counted: Counter[str],
    found: Fuzzed,
    *,
    roles: tuple[str, ...],
) -> None:
    """Some cases of one operation, each as every role."""
    operation = OPERATIONS[name]
    words = [parameter.name for parameter in operation.path_parameters]
    known = {word: served.ids[word] for word in words}
    # what is removed would be missed by all that comes after
    both: list[dict[str, Any]] = (
        [{}] if operation.method.upper() == "DELETE" else [{}, {"path_parameters": known}]
    )
    kinds = [
        operation.as_strategy(generation_mode=mode, **fixed)
        for mode in (GenerationMode.NEGATIVE, GenerationMode.NEGATIVE, GenerationMode.POSITIVE)
        for fixed in both
    ]  # fmt: skip

    @seed(number)
    @settings(
        max_examples=_CASES_A_TURN,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(kinds), _HEADERS)
    def run(case: Any, headers: dict[str, str]) -> None:
        case.headers = dict(case.headers or {}) | headers
        for role in roles:
            clock = Clock(served.pid, os.getpid())
            send(case, role, served, counted)
            seconds = clock.seconds
            if seconds > LONGEST_SECONDS:
                # databases stand in the queue for a processor too: what hangs, hangs again
                clock = Clock(served.pid, os.getpid())
                send(case, role, served, counted)
                seconds = min(seconds, clock.seconds)
            found.examples += 1
            found.slowest = max(found.slowest, seconds)
            assert seconds < LONGEST_SECONDS, name

    run()
