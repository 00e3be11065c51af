"""CSV: text only, RFC 4180 to the letter, and every mistake refused with its line."""

import csv
import io
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import SourceError
from app.sources import Attribute, Losses, Tolerance
from app.sources.file_formats.csv import DelimitedFormat


def test_everything_is_text(folder) -> None:
    path = folder.put("m.csv", "id,email,born\n0150,a@b.example,1990-01-01\n1e5,c@d.example,true\n")
    source = folder.open(path)
    assert source.attributes() == [
        Attribute("id", "string"),
        Attribute("email", "string"),
        Attribute("born", "string"),
    ]
    frame = folder.read(path, "born", "id")
    assert frame.schema == {"born": pl.String, "id": pl.String}
    assert frame.rows() == [("1990-01-01", "0150"), ("true", "1e5")]
    assert source.count() == 2


def test_empty_quoted_and_missing_values_are_null(folder) -> None:
    path = folder.put("m.csv", 'a,b\n"",1\n,2\n" ","x""y"\n')
    assert folder.read(path, "a", "b").rows() == [(None, "1"), (None, "2"), (" ", 'x"y')]


def test_quoted_line_ends_delimiters_and_quotes(folder) -> None:
    path = folder.put("m.csv", 'a,b\r\n"x\r\ny","1,2"\r\n"say ""hi""",3\r\n')
    assert folder.read(path, "a", "b").rows() == [("x\r\ny", "1,2"), ('say "hi"', "3")]
    assert folder.open(path).count() == 2


def test_byte_order_mark_and_missing_last_line_end(folder) -> None:
    path = folder.put("m.csv", b"\xef\xbb\xbfemail,id\nx,1")
    assert folder.open(path).attributes()[0].name == "email"
    assert folder.read(path, "email").rows() == [("x",)]


def test_header_with_quotes_and_spaces_is_exact(folder) -> None:
    path = folder.put("m.csv", '" E-mail, work ",id\nx,1\n')
    assert folder.read(path, " E-mail, work ").rows() == [("x",)]


def test_blank_lines_are_no_members(folder) -> None:
    many = folder.put("many.csv", "a,b\n1,2\n\n\r\n3,4\n\n")
    single = folder.put("one.csv", "a\n\n1\n\n\n2\n\n")
    assert folder.read(many, "a", "b").rows() == [("1", "2"), ("3", "4")]
    assert folder.read(single, "a").rows() == [("1",), ("2",)]
    assert folder.open(many).count() == folder.open(single).count() == 2


def test_a_header_alone_has_no_members(folder) -> None:
    path = folder.put("m.csv", "id,email\n")
    assert folder.open(path).count() == 0
    assert list(folder.open(path).chunks(["email"])) == []


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"delimiter": ";"}, "a;b\n1,5;2\n"),
        ({"delimiter": "|", "quote": "'"}, "a|b\n'1,5'|2\n"),
        ({"quote": None, "delimiter": "\t"}, "a\tb\n1,5\t2\n"),
    ],
)
def test_delimiter_and_quote_options(folder, options: dict[str, Any], text: str) -> None:
    assert folder.read(folder.put("m.csv", text), "a", "b", **options).rows() == [("1,5", "2")]


def test_without_quoting_quotes_are_letters(folder) -> None:
    path = folder.put("m.tsv", 'a\tb\n"x\ty"\n')
    assert folder.read(path, "a", "b", quote="").rows() == [('"x', 'y"')]


def test_chunks_have_at_most_the_rows_asked_for(folder) -> None:
    path = folder.put("m.csv", "id\n" + "".join(f"{i}\n" for i in range(1_050)))
    frames = list(folder.open(path).chunks(["id"], rows=100))
    assert max(frame.height for frame in frames) <= 100
    assert pl.concat(frames)["id"].to_list() == [str(i) for i in range(1_050)]


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"a,email\n1,x\n2,y,z\n", "csv-ragged-rows", 3),
        (b'a,email\n"1\n\n",x\n2,y,z\n', "csv-ragged-rows", 5),
        (b"a,email\nZo\xc3\xab,x\n2,\xe9\n", "csv-wrong-encoding", 3),
        (b"a,email\n1,x\n\n2,y\x00\n", "csv-nul-byte", 4),
        (b'a,email\n1,"x"y\n', "csv-stray-quote", 2),
        (b'a,email\n1,x\n2,"y\n3,z\n', "csv-open-quote", 3),
        (b"1,jane@doe.example\n2,x@y.example\n", "csv-header-missing", 1),
        (b"\n1,2\n", "csv-header-missing", 2),
        (b"+49 30 901820,1990-01-31\n+49 30 901821,\n", "csv-header-missing", 1),
        (b"a" * 64 + b"\n" + b"b" * 64 + b"\n", "csv-header-missing", 1),
        (b"Pr\xe9nom,email\nZo\xc3\xab \xc3\xab,x\n", "csv-wrong-encoding", 1),
        (
            b"New Contacts Report\n3/4/2026\n\nname,email,note\nx,y,z\nx,y,z\n",
            "csv-report-lines",
            1,
        ),
        (b"Report,,\n,,\nname,email,note\nx,y,z\nx,y,z\n", "csv-report-lines", 1),
        (b",".join(b"c%d" % n for n in range(40_000)) + b"\n", "csv-too-many-columns", 1),
        (b"a,email\r1,x\r2,y\r", "csv-line-ends", 1),
        ("имя,email\nИван,x\n".encode("windows-1251"), "csv-wrong-encoding", None),
        ("name,email\nДмитрий,x\n".encode("koi8-r"), "csv-wrong-encoding", None),
        ("name,email\nJiří Dvořák Veselý,x\n".encode("windows-1250"), "csv-wrong-encoding", None),
        ("name,email\nŁukasz Wiśniewski,x\n".encode("windows-1250"), "csv-wrong-encoding", None),
        ("name,email\n山田太郎,x\n".encode("shift_jis"), "csv-wrong-encoding", None),
        ("name,email\nZoë Émile,x\n".encode("cp850"), "csv-wrong-encoding", None),
        (b"", "source-empty", None),
        (b"a,mail\n1,x\n", "attribute-missing", None),
    ],
)
def test_bad_input_names_its_line(folder, data: bytes, code: str, line: int | None) -> None:
    error = folder.fault(folder.put("in/bad.csv", data))
    assert (error.code, error.members.get("line")) == (code, line)
    assert error.detail.startswith("in/bad.csv")
    for value in ("jane", "doe", "xyz"):
        assert value not in error.detail


def test_a_missing_column_hints_at_the_delimiter(folder) -> None:
    assert "delimiter" in folder.fault(folder.put("m.csv", "id:email\n1:x\n")).detail
    assert "delimiter" not in folder.fault(folder.put("n.csv", "id,mail\n1,x\n")).detail


def test_a_mistake_far_into_the_file_has_the_right_line(folder, limit_blocks) -> None:
    limit_blocks(4_096)
    rows = [f'{i},"{i}\nx@y.example"' for i in range(5_000)]
    rows[4_321] = "4321,two,three"
    path = folder.put("m.csv", "id,email\n" + "\n".join(rows))
    error = folder.fault(path)
    assert (error.code, error.members["line"]) == ("csv-ragged-rows", 2 + 4_321 * 2)


def test_a_line_without_end_is_refused_before_it_fills_the_memory(folder) -> None:
    path = folder.root / "endless.csv"
    with path.open("wb") as file:
        file.write(b"id,email\n1,")
        file.write(b"x" * (5 << 20))
        file.truncate(3 << 30)  # three gigabytes, nearly all of them a hole
    error = folder.fault(path)
    assert error.code in {"csv-line-too-long", "csv-nul-byte"}


class _Endless:
    """A line of three gigabytes that is never held anywhere."""

    def __init__(self) -> None:
        self.left = 3 << 30
        self.taken = 0

    def read(self, size: int, /) -> bytes:
        size = min(size, self.left)
        self.left -= size
        self.taken += size
        return b"x" * size


class _EndlessFile:
    def __init__(self) -> None:
        self.bytes = _Endless()

    def stream(self) -> _Endless:
        return self.bytes

    def scannable(self) -> str:
        return ""

    def verify(self) -> None:
        pass


def test_three_gigabytes_in_one_line_are_not_read_to_the_end() -> None:
    file = _EndlessFile()
    with pytest.raises(Exception, match="longer than 4 MiB") as caught:
        list(DelimitedFormat().chunks(file, "m.csv", ["email"], 1_000, Losses()))
    assert caught.value.code == "csv-line-too-long"
    assert file.bytes.taken < 16 << 20


@pytest.mark.parametrize(
    "options",
    [
        {"delimiter": ""},
        {"delimiter": "ab"},
        {"delimiter": "é"},
        {"delimiter": '"'},
        {"quote": "\n"},
        {"encoding": "klingon"},
        {"format": "xlsx"},
        {"colour": "red"},
    ],
)
def test_options_that_make_no_sense(folder, options: dict[str, Any]) -> None:
    assert folder.fault(folder.put("m.csv", "email\nx\n"), **options).code == "source-invalid"


@pytest.mark.parametrize("encoding", ["windows-1252", "iso-8859-1", "utf-16", "utf-16-le"])
def test_other_encodings_when_named(folder, encoding: str) -> None:
    path = folder.put("m.csv", ("name,email\n" + "Zoë,x@y.example\n" * 9_000).encode(encoding))
    frame = folder.read(path, "name", encoding=encoding)
    assert frame.height == 9_000
    assert frame["name"].unique().to_list() == ["Zoë"]


def test_a_named_encoding_that_is_wrong(folder) -> None:
    path = folder.put("m.csv", "name,email\n1,x\nZo\xeb,x\n".encode("latin-1"))
    assert folder.fault(path, encoding="ascii").code == "csv-wrong-encoding"


_value = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=12
) | st.sampled_from(["", '"', "\n", ",", '""', "\r\n", "'", " x ", "é"])


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(st.tuples(_value, _value, _value), max_size=30),
    line_end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    size=st.sampled_from([7, 64, 1 << 20]),
)
def test_agrees_with_the_csv_module(
    folder, limit_blocks: Callable[[int], None], rows: Any, line_end: str, quoting: int, size: int
) -> None:
    """Whatever RFC 4180 can say is read as the standard library reads it, at any block size."""
    limit_blocks(size)
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=line_end, quoting=quoting).writerows([("a", "b", "c"), *rows])
    path = folder.put("m.csv", text.getvalue())
    frames = list(folder.open(path).chunks(["c", "a", "b"], rows=7))
    read = [row for frame in frames for row in frame.rows()]
    assert read == [(c or None, a or None, b or None) for a, b, c in rows]
    assert folder.open(path).count() == len(rows)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    pieces=st.lists(st.sampled_from(["a", ",", '"', "\n", "\r\n", ";", "é"]), max_size=40),
    size=st.sampled_from([3, 1 << 20]),
)
def test_never_guesses(
    folder, limit_blocks: Callable[[int], None], pieces: list[str], size: int
) -> None:
    """What the standard library's strict reader takes is read as it does; other rows cost themselves.

    A row that is too short ends in empty values; one with more values than names is left out.
    """
    limit_blocks(size)
    text = "".join(pieces)
    path = folder.put("m.csv", "h,i\n" + text)
    losses = Losses(Tolerance(1, 100))
    try:
        frames = folder.open(path, delimiter=",").chunks(["h", "i"], losses=losses)
        read = [row for frame in frames for row in frame.rows()]
    except SourceError:
        return
    assert losses.read == len(read)
    try:
        rows = list(csv.reader(io.StringIO("h,i\n" + text, newline=""), strict=True))[1:]
    except csv.Error:
        return
    lines = text.count("\n") + (not text.endswith("\n"))
    if any(len(row) > 2 or "\n" in "".join(row) for row in rows) or lines != len(rows):
        return
    assert read == [tuple(v or None for v in (*row, "")[:2]) for row in rows if row]
    assert not losses.malformed


def test_a_telephone_number_is_no_name_of_a_column(folder) -> None:
    path = folder.put("m.csv", "+49 171 1234567,Ann\n+49 171 1234568,Bob\n")
    with pytest.raises(SourceError) as refusal:
        folder.open(path).attributes()
    assert refusal.value.code == "csv-header-missing"
