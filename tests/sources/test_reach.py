"""What a source can reach: files below the roots and nothing else, whatever is tried."""

import gc
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import SourceError
from app.sources import SourceAccess, check_source, open_source
from app.sources.storage.local import LocalFile

CSV = "id,email\n1,x\n"


def test_ways_to_name_a_file(folder) -> None:
    path = folder.put("in one/m.csv", CSV)
    quoted = str(path).replace(" ", "%20")
    for url in (path, "in one/m.csv", f"file://{quoted}", f"file://localhost{quoted}",
                path.parent, "in one", "in one/*.csv", "**/m.csv", folder.root / "*" / "m.csv",
                "in one/../in one/m.csv"):  # fmt: skip
        assert folder.read(url, "email").rows() == [("x",)], url
        assert folder.open(url).files[0].name == "in one/m.csv"


def outside_urls(folder) -> list[str]:
    (folder.outside / "secret.csv").write_text(CSV)
    (folder.outside / "data").mkdir()
    (folder.root / "link.csv").symlink_to(folder.outside / "secret.csv")
    (folder.root / "dangling.csv").symlink_to(folder.outside / "absent.csv")
    (folder.root / "linked").symlink_to(folder.outside)
    (folder.root / "sub").mkdir()
    (folder.root / "sub" / "up.csv").symlink_to("../../outside/secret.csv")
    sibling = folder.root.with_name("allowed-not")
    sibling.mkdir()
    (sibling / "m.csv").write_text(CSV)
    out, root = folder.outside, folder.root
    return [
        f"{out}/secret.csv", f"{out}/absent.csv", f"{out}", f"{out}/*.csv", f"{out}/none-*.csv",
        f"{root}/../outside/secret.csv", f"{root}/../outside/absent.csv", "../outside/secret.csv",
        "../outside/absent.csv", f"{root}/link.csv", "link.csv", f"{root}/dangling.csv",
        f"{root}/linked/secret.csv", f"{root}/linked/absent.csv", "linked", "linked/*.csv",
        "sub/up.csv", "sub", "sub/*.csv", "*.csv", f"{sibling}/m.csv", f"file://{out}/secret.csv",
        f"file://{root}/%2e%2e/outside/secret.csv", f"file://elsewhere{root}/m.csv",
        "/etc/passwd", "/proc/self/environ", "/", "..", "/*", "s3://bucket/key.csv",
        "https://example.com/m.csv", "http://169.254.169.254/latest/meta-data",
    ]  # fmt: skip


def test_nothing_outside_is_read_or_even_admitted(folder) -> None:
    said = set()
    for url in outside_urls(folder):
        with pytest.raises(SourceError) as caught:
            folder.open(url, format="csv")
        assert caught.value.code == "source-not-allowed", url
        said.add(caught.value.detail)
    assert len(said) == 1  # what is there and what is not sound the same


def test_a_link_within_the_root_is_fine(folder) -> None:
    path = folder.put("2026/05/m.csv", CSV)
    (folder.root / "current").symlink_to("2026")
    (folder.root / "newest.csv").symlink_to(path)
    for url in ("current/05/m.csv", "current/**/*.csv", "newest.csv"):
        assert folder.read(url, "email").rows() == [("x",)]


def test_a_root_may_itself_be_a_link(folder) -> None:
    folder.put("m.csv", CSV)
    link = folder.outside / "root"
    link.symlink_to(folder.root)
    source = {"kind": "file", "url": str(link / "m.csv")}
    assert open_source(source, SourceAccess((link,))).count() == 1
    assert open_source(source, SourceAccess((folder.root,))).count() == 1


def test_a_swap_after_the_check_leads_nowhere(folder) -> None:
    """The folder of a file that was checked becomes a link to somewhere else."""
    path = folder.put("in/m.csv", CSV)
    (folder.outside / "m.csv").write_text("id,email\n1,stolen\n")
    source = folder.open(path)
    path.parent.rename(folder.root / "moved")
    (folder.root / "in").symlink_to(folder.outside)
    with pytest.raises(SourceError) as caught:
        list(source.chunks(["email"]))
    assert caught.value.code == "source-changed"


def test_a_file_swapped_for_a_link_leads_nowhere(folder) -> None:
    path = folder.put("m.csv", CSV)
    source = folder.open(path)
    path.unlink()
    path.symlink_to(folder.outside / "m.csv")
    (folder.outside / "m.csv").write_text(CSV)
    with pytest.raises(SourceError) as caught:
        source.attributes()
    assert caught.value.code == "source-changed"


def test_missing_things(folder) -> None:
    folder.put("m.csv", CSV)
    for url in ("absent.csv", f"{folder.root}/absent.csv", "absent/*.csv", "m.csv/inner.csv",
                f"{folder.root}/absent/", "a" * 300 + ".csv"):  # fmt: skip
        with pytest.raises(SourceError) as caught:
            folder.open(url)
        assert caught.value.code in {"source-not-found", "source-unreadable"}, url
    (folder.root / "empty").mkdir()
    for url in ("empty", "*.parquet"):
        with pytest.raises(SourceError) as caught:
            folder.open(url)
        assert caught.value.code == "source-empty"


def test_a_dangling_link_inside(folder) -> None:
    (folder.root / "m.csv").symlink_to("absent.csv")
    with pytest.raises(SourceError) as caught:
        folder.open("m.csv")
    assert caught.value.code == "source-not-found"


def test_a_circle_of_links(folder) -> None:
    (folder.root / "a.csv").symlink_to("b.csv")
    (folder.root / "b.csv").symlink_to("a.csv")
    with pytest.raises(SourceError) as caught:
        folder.open("a.csv")
    assert caught.value.code == "source-not-found"


def test_what_is_no_regular_file(folder) -> None:
    os.mkfifo(folder.root / "pipe.csv")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(folder.root)
        try:
            server.bind("socket.csv")
        finally:
            os.chdir(here)
        for name in ("pipe.csv", "socket.csv"):
            with pytest.raises(SourceError) as caught:
                folder.open(name)
            assert caught.value.code == "source-unreadable"


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """An open folder, looked at by a user who is not root."""
    base = Path(tempfile.mkdtemp())
    base.chmod(0o755)
    yield base
    if os.getuid() == 0:
        os.seteuid(0)
    shutil.rmtree(base)


def test_no_permission(unprivileged: Path) -> None:
    (unprivileged / "m.csv").write_text(CSV)
    (unprivileged / "m.csv").chmod(0)
    (unprivileged / "closed").mkdir(mode=0o700)
    (unprivileged / "closed" / "m.csv").write_text(CSV)
    if os.getuid() == 0:
        os.seteuid(65_534)
    else:
        (unprivileged / "closed").chmod(0)
    access = SourceAccess((unprivileged,))
    said = []
    for url in ("m.csv", "closed", "closed/*.csv", "closed/m.csv"):
        with pytest.raises(SourceError) as caught:
            open_source({"kind": "file", "url": url}, access)
        said.append((caught.value.code, "permission" in caught.value.detail))
    if os.getuid() != 0:
        (unprivileged / "closed").chmod(0o700)
    assert said == [("source-unreadable", True)] * 4


def test_bad_descriptions(folder) -> None:
    file = {"kind": "file"}
    for source in ({}, {"kind": "ftp"}, file, {**file, "url": 7}, {**file, "url": "a\0b"},
                   {**file, "url": "m.csv", "x": 1}):  # fmt: skip
        with pytest.raises(SourceError) as caught:
            open_source(source, folder.access)
        assert caught.value.code == "source-invalid"


def test_without_roots_nothing_is_allowed(folder) -> None:
    path = folder.put("m.csv", CSV)
    for url in (str(path), "m.csv", "s3://b/m.csv"):
        with pytest.raises(SourceError) as caught:
            open_source({"kind": "file", "url": url}, SourceAccess())
        assert caught.value.code == "source-not-allowed"


def test_access_from_settings(folder) -> None:
    access = SourceAccess.from_settings_values(
        ["/data", "file:///more%20data", "s3://bucket/in/", "gs://b"],
        {"crm": "postgresql://user:hunter2@db/crm"},
    )
    assert access.roots == (Path("/data"), Path("/more data"))
    assert access.root_urls == ("s3://bucket/in", "gs://b")
    assert "hunter2" not in repr(access)
    assert hash(access)


def test_check_source(folder) -> None:
    folder.put("m.csv", CSV)
    check_source({"kind": "file", "url": "m.csv"}, folder.access)
    folder.put("bad.parquet", b"PAR1")
    with pytest.raises(SourceError) as caught:
        check_source({"kind": "file", "url": "bad.parquet"}, folder.access)
    assert caught.value.code == "parquet-broken"


def test_a_descriptor_is_not_left_open(folder) -> None:
    folder.put("m.csv", CSV)
    os.mkfifo(folder.root / "pipe.csv")
    gc.collect()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        folder.read("m.csv", "email")
        next(folder.open("m.csv").chunks(["email"]))
        with pytest.raises(SourceError):
            folder.open("pipe.csv")
        with pytest.raises(SourceError):
            LocalFile(folder.root, "m.csv", 1, "other", 0).opened().__enter__()
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
