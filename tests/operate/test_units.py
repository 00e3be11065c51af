"""The units of systemd are read without a word, and leave a process little to reach."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.guide.pages import ROOT

UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
ANALYZE = shutil.which("systemd-analyze")


@pytest.fixture
def here(tmp_path: Path) -> list[Path]:
    """The units for a machine that has neither the program nor its user."""
    made = []
    for unit in UNITS:
        text = unit.read_text().replace("/opt/audience-export/bin/audience-export", "/bin/true")
        text = re.sub(r"^(User|Group)=.*$", r"\1=root", text, flags=re.MULTILINE)
        (tmp_path / unit.name).write_text(text)
        made.append(tmp_path / unit.name)
    return made


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not here")
def test_units_are_valid_and_closed(here: list[Path]) -> None:
    assert ANALYZE is not None
    done = subprocess.run(
        [ANALYZE, "verify", "--man=no", *map(str, here)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert [line for line in done.stderr.splitlines() if "audience-export" in line] == []
    for unit in here:
        if "migrate" in unit.name:
            continue
        told = subprocess.run(
            [ANALYZE, "security", "--offline=true", "--threshold=30", str(unit)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == 0, told.stdout[-400:]


def test_units_start_what_the_command_line_has() -> None:
    """And nothing of theirs is a secret."""
    commands = {"serve", "worker", "migrate"}
    for unit in UNITS:
        text = unit.read_text()
        (command,) = re.findall(r"^ExecStart=\S+ (\w+)", text, re.MULTILINE)
        commands.remove(command)
        assert "EnvironmentFile=/etc/audience-export/environment" in text
        assert not re.search(r"(KEY|SECRET|PASSWORD|_URL)=", text)
    assert not commands
