"""gzip and zstd, unpacked as they are read."""

import bz2
import gzip
import importlib
import io
import lzma
import zipfile

import pytest

from app.errors import SourceError


def zstd(data: bytes) -> bytes:
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return importlib.import_module(name).compress(data)
        except ImportError:
            continue
    pytest.skip("neither Python 3.14 nor backports.zstd: zstd is not covered")


TEXT = "id,email\n" + "".join(f"{i},{i}@m.example\n" for i in range(60_000))
LINES = "".join(f'{{"id":{i}}}\n' for i in range(60_000))


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
def test_packed_text_reads_like_plain(folder, pack) -> None:
    folder.put("p/a.csv.gz", pack(TEXT.encode()))
    folder.put("q/b.ndjson.zst", pack(LINES.encode()))
    plain = folder.put("plain.csv", TEXT)
    assert folder.read("p/a.csv.gz", "id", "email").equals(folder.read(plain, "id", "email"))
    assert folder.open("p").count() == folder.open("q").count() == 60_000
    assert folder.read("q", "id")["id"].to_list() == [str(i) for i in range(60_000)]


def test_several_members_and_a_misleading_name(folder) -> None:
    half = len(TEXT) // 2
    packed = gzip.compress(TEXT[:half].encode()) + gzip.compress(TEXT[half:].encode())
    assert folder.open(folder.put("m.csv", packed)).count() == 60_000


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
@pytest.mark.parametrize("damage", ["cut", "flip"])
def test_damage(folder, pack, damage: str) -> None:
    data = bytearray(pack(TEXT.encode()))
    if damage == "cut":
        del data[len(data) * 2 // 3 :]
    else:
        data[len(data) // 2] ^= 0xFF
    error = folder.fault(folder.put("m.csv.gz", bytes(data)))
    # what comes out of damaged data before its checksum is reached may not be a table either
    assert error.code == "compression-broken" or (damage == "flip" and error.code[:4] == "csv-")
    assert "m.csv.gz" in error.detail


def zipped(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("pack", "said"),
    [
        (zipped, "Excel workbook (.xlsx)"),
        (lambda _: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "Excel workbook (.xls)"),
        (bz2.compress, "bzip2"),
        (lzma.compress, "packed by xz"),
        (lambda _: b"%PDF-1.7\n%", "a PDF"),
        (lambda data: gzip.compress(zipped(data)), None),
    ],
)
def test_what_is_no_text_is_named(folder, pack, said: str | None) -> None:
    """Under the name of a CSV; what is inside of a packed file is told by the text's own rules."""
    folder.put("a.csv", pack(TEXT.encode()[:1000]))
    with pytest.raises(SourceError) as refused:
        folder.open("a.csv").count()
    if said is not None:
        assert refused.value.code == "source-unreadable"
        assert said in refused.value.detail


def test_a_header_that_begins_like_another_kind_is_a_header(folder) -> None:
    folder.put("a.csv", "PK,email\n1,a@m.example\n")
    folder.put("b.csv", "BZh9,PAR1\n1,a@m.example\n")
    assert folder.open("a.csv").count() == folder.open("b.csv").count() == 1
