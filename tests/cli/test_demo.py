"""The demo: its invented people, its folder, its screen, and the whole of it."""

import io
import re
from pathlib import Path

import httpx
import polars as pl
import pytest
from rich.console import Console

from app.cli.demo.api_walk import DemoFailed, check
from app.cli.demo.people import COLUMNS, DUPLICATES, INVALID, MISSING, make_people
from app.cli.demo.processes import demo_folder
from app.cli.demo.screen import Screen

COUNTS = {
    "read": 10,
    "expanded": 0,
    "duplicates": 2,
    "skipped": 3,
    "staged": 5,
    "received": 5,
    "invalid": 0,
    "batches_total": 1,
    "batches_done": 1,
}
RUN = {
    "id": "run_1",
    "status": "succeeded_with_warnings",
    "phase": "finishing",
    "counts": COUNTS,
    "skipped_reasons": {"email_missing": 2, "email_invalid": 1},
}


def test_the_same_seed_makes_the_same_people():
    assert make_people(5_000).equals(make_people(5_000))
    assert not make_people(5_000).equals(make_people(5_000, seed=1))
    assert make_people(1).height == 1


def test_people_are_as_clean_and_as_dirty_as_promised():
    people = make_people(50_000)
    assert tuple(people.columns) == COLUMNS
    assert set(people.dtypes) == {pl.String}
    assert people["country"].n_unique() == 11
    assert people["customer_number"].n_unique() == people.height
    emails = people["email"]
    assert emails.null_count() == pytest.approx(MISSING * people.height, rel=0.2)
    tidy = emails.drop_nulls().str.strip_chars().str.to_lowercase()
    usable = tidy.filter(tidy.str.contains(r"^[a-z.-]+[0-9]+@(?:[a-z]+\.)*example(?:\.[a-z]+)?$"))
    assert len(tidy) - len(usable) == pytest.approx(INVALID * people.height, rel=0.2)
    twice = len(usable) - usable.n_unique()
    assert twice == pytest.approx(DUPLICATES * people.height, rel=0.3)
    # nobody's real address: RFC 2606
    assert people["birth_date"].str.to_date("%Y-%m-%d").null_count() == 0


def test_its_folder_is_emptied_and_a_second_demo_takes_another(tmp_path: Path):
    with demo_folder(tmp_path) as first:
        assert first == tmp_path / "demo"
        (first / "left").write_text("over")
        with demo_folder(tmp_path) as second:
            assert second != first
            assert second.is_dir()
        assert not second.exists()
        assert (first / "left").exists()
    with demo_folder(tmp_path) as again:
        assert list(again.iterdir()) == []


@pytest.mark.parametrize("terminal", [True, False])
def test_the_screen_tells_the_same_with_and_without_a_terminal(terminal: bool):
    output = io.StringIO()
    console = Console(file=output, force_terminal=terminal, width=100, color_system=None)
    screen = Screen(console)
    with screen.follow(10) as bar:
        bar.show(RUN | {"phase": "staging", "counts": dict.fromkeys(COUNTS, None)})
        bar.show(RUN)
    screen.closing_table(RUN, seconds=0.5, members=10)
    text = output.getvalue()
    for row in (r"members read\D+10", r"email_missing\D+2", r"members per second\D+20"):
        assert re.search(row, text), text
    assert "staging" in text


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"read": 9, "skipped": 2}, "all members were read"),
        ({"duplicates": 1}, "read + expanded"),
        ({"received": 4}, "all that was staged was received"),
        ({"skipped": 2, "duplicates": 3}, "the reasons explain"),
        ({"invalid": 1}, "the audience holds"),
    ],
)
def test_a_count_that_is_not_true_fails_the_demo(change, rule):
    check(RUN, members=10, at_meta=5)
    with pytest.raises(DemoFailed, match=re.escape(rule)):
        check(RUN | {"counts": COUNTS | change}, members=10, at_meta=5)


def test_the_whole_of_it_leaves_nothing_running(process, processes, tmp_path: Path):
    done = process("demo", "--members", "3000")
    assert done.returncode == 0, done.stdout + done.stderr
    for row in (r"members read\D+3,000", "duplicates", "staged", "members per second", "/docs"):
        assert re.search(row, done.stdout), done.stdout
    assert not [one for one in processes().values() if str(tmp_path) in one.command]
    port = re.search(r"service at http://127\.0\.0\.1:(\d+)", done.stdout)
    assert port
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port[1]}/livez")
