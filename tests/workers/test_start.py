"""What a worker says when it starts."""

from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import capture_logs

from app.identifiers.columns import digest
from app.identifiers.columns import simd_sha256 as lanes
from workers.first_look import check_hashing


@pytest.fixture(autouse=True)
def tested_anew() -> Iterator[None]:
    """The hash is tested once a process, and may have been."""
    digest._vectorised.cache_clear()
    yield
    digest._vectorised.cache_clear()


@pytest.fixture(autouse=True)
def every_level_is_logged() -> Iterator[None]:
    """Whatever level a test before this one set for the process."""
    before = structlog.get_config()
    structlog.reset_defaults()
    yield
    structlog.configure(**before)


def test_a_working_vectorised_hash_is_not_worth_a_word():
    with capture_logs() as said:
        check_hashing()
    assert said == []


def test_a_vectorised_hash_that_errs_is_named(monkeypatch):
    monkeypatch.setattr(digest, "_GOLDEN", {"mary@example.com": "00" * 32})
    with capture_logs() as said:
        check_hashing()
    assert [(entry["event"], entry["log_level"]) for entry in said] == [("hashing.slow", "warning")]


def test_a_platform_without_it_is_told_so_too(monkeypatch):
    monkeypatch.setattr(lanes, "stringzilla", None)
    with capture_logs() as said:
        check_hashing()
    assert [entry["event"] for entry in said] == ["hashing.slow"]
