"""Under which account the servers run; Postgres refuses root, so root has to become somebody."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.embedded import unprivileged_user as account
from app.embedded.binaries import EmbeddedUnavailable, postgres_programs
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.valkey import EmbeddedValkey

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def hide(monkeypatch: pytest.MonkeyPatch, *programs: str) -> None:
    """As on a machine without these programs (or one that forbids what they do)."""
    monkeypatch.setattr(
        account, "which", lambda name: None if name in programs else shutil.which(name)
    )


@as_root
def test_root_uses_a_namespace_and_keeps_its_files(tmp_path: Path):
    chosen = account.choose_account(tmp_path / "postgres", postgres_programs() / "postgres")
    if chosen.prefix[:1] != ("unshare",):
        pytest.skip("user namespaces are forbidden here")
    with EmbeddedPostgres(tmp_path, durable=False):
        assert (tmp_path / "postgres" / "PG_VERSION").stat().st_uid == 0


@as_root
def test_without_namespaces_it_is_nobody_even_in_roots_own_folders(
    monkeypatch, processes, tmp_path: Path
):
    tmp_path.chmod(0o700)
    hide(monkeypatch, "unshare")
    for server in (EmbeddedPostgres, EmbeddedValkey):
        with server(tmp_path, durable=False) as one:
            assert processes()[one.pid].uid == account.NOBODY
            assert one.folder.data.stat().st_uid == account.NOBODY
    monkeypatch.undo()
    # whoever made the data goes on with them
    with EmbeddedPostgres(tmp_path, durable=False) as again:
        assert processes()[again.pid].uid == account.NOBODY
    assert tmp_path.stat().st_mode & 0o777 == 0o700


@as_root
def test_without_setpriv_it_is_a_plain_change_of_user(monkeypatch, processes, open_folder: Path):
    hide(monkeypatch, "unshare", "setpriv")
    program = postgres_programs() / "postgres"
    reachable = subprocess.run([program, "--version"], user=65534, check=False, capture_output=True)
    if reachable.returncode:
        pytest.skip("nobody cannot reach this virtual environment")
    with EmbeddedPostgres(open_folder, durable=False, setpriv="") as one:
        assert processes()[one.pid].uid == account.NOBODY


@as_root
def test_a_folder_of_an_ordinary_user_stays_that_users(processes, open_folder: Path):
    with EmbeddedPostgres(open_folder, durable=False) as one:
        data = one.folder.data
    subprocess.run(["chown", "-R", "12345:12345", str(data)], check=True)
    with EmbeddedPostgres(open_folder, durable=False) as one:
        assert processes()[one.pid].uid == 12345
    owners = {path.stat().st_uid for path in [data, *data.rglob("*")]}
    assert owners == {12345}


@as_root
def test_when_nobody_can_run_it_the_way_out_is_named(monkeypatch, tmp_path: Path):
    hide(monkeypatch, "unshare", "setpriv")
    tmp_path.chmod(0o700)
    with pytest.raises(EmbeddedUnavailable, match="ordinary user, or set DATABASE_URL"):
        EmbeddedPostgres(tmp_path, durable=False).start()


def test_an_ordinary_user_does_not_touch_anothers_data(monkeypatch, tmp_path: Path):
    (tmp_path / "postgres").mkdir()
    monkeypatch.setattr(account.os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(EmbeddedUnavailable, match="another user"):
        account.choose_account(tmp_path / "postgres", postgres_programs() / "postgres")


def test_without_the_wheel_the_extra_is_named(monkeypatch):
    monkeypatch.setattr("app.embedded.binaries.POSTGRES_WHEELS", (("no_such_wheel", "bin"),))
    with pytest.raises(EmbeddedUnavailable, match=r"embedded.*DATABASE_URL"):
        postgres_programs()
