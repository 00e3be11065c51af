"""NDJSON: one object a line, every value as text, bad lines named by number."""

import pytest

from app.sources import Attribute


def test_types_are_told_from_the_first_lines(folder) -> None:
    path = folder.put(
        "m.ndjson",
        '{"a":"x","b":1,"c":1,"d":true,"e":[1],"f":null,"g":1}\n\n{"c":1.5,"g":"x","h":{"i":1}}\n',
    )
    kinds = {
        "a": "string",
        "b": "integer",
        "c": "number",
        "d": "boolean",
        "e": "other",
        "f": "string",
        "g": "string",
        "h": "other",
    }
    expected = [Attribute(name, kind) for name, kind in kinds.items()]
    assert folder.open(path).attributes() == expected


def test_values_become_text_and_missing_ones_null(folder) -> None:
    path = folder.put(
        "m.jsonl",
        '{"a":"0150","b":1}\r\n{"b":true,"c":[1]}\n\n{"a":"","b":12345678901234567890}\n'
        '{"b":"2\\n3","a":"\\u00e9","z":{"deep":1}}',
    )
    assert folder.read(path, "b", "a").rows() == [
        ("1", "0150"),
        ("true", None),
        ("12345678901234567890", None),
        ("2\n3", "é"),
    ]
    assert folder.open(path).count() == 4


def test_blocks_and_chunks(folder, limit_blocks) -> None:
    limit_blocks(512)
    lines = "".join(f'{{"id":{i},"email":"{i}@m.example"}}\n' for i in range(3_000))
    frames = list(folder.open(folder.put("m.ndjson", lines)).chunks(["id"], rows=100))
    assert max(frame.height for frame in frames) <= 100
    ids = [value for frame in frames for value in frame["id"]]
    assert ids == [str(i) for i in range(3_000)]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (b'{"email":', "ndjson-bad-line"),
        (b'{"email":"a"} x', "ndjson-bad-line"),
        (b'{"email":"a"}{"email":"b"}', "ndjson-bad-line"),
        (b'["a"]', "ndjson-bad-line"),
        (b'"a"', "ndjson-bad-line"),
        (b'{"email":"\xe9"}', "ndjson-wrong-encoding"),
        (b'{"email":"\x00"}', "ndjson-nul-byte"),
        (b'{"email":"' + b"x" * (5 << 20) + b'"}', "ndjson-line-too-long"),
    ],
)
@pytest.mark.parametrize("before", [0, 2_500])
def test_bad_lines(folder, bad: bytes, code: str, before: int) -> None:
    lines = [b'{"email":"jane@doe.example"}'] * before
    path = folder.put("m.ndjson", b"\n".join([*lines, bad]))
    error = folder.fault(path)
    assert (error.code, error.members["line"]) == (code, before + 1)
    assert "jane" not in error.detail


def test_a_column_that_is_nowhere(folder) -> None:
    path = folder.put("m.ndjson", '{"id":1}\n' * 3_000)
    assert folder.fault(path, "id", "email").code == "attribute-missing"


def test_a_column_that_comes_late(folder) -> None:
    path = folder.put("m.ndjson", '{"id":1}\n' * 3_000 + '{"id":2,"email":"x"}\n')
    assert folder.read(path, "email")["email"].null_count() == 3_000


def test_no_members(folder) -> None:
    assert folder.fault(folder.put("m.ndjson", b"")).code == "source-empty"
