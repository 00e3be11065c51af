"""Files as programs write them: what loses nothing is read, what cannot be read costs its row only."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.flows.exporting import Exporting, digest
from tests.flows.journey import expect

# what is delivered, and which addresses arrive; rows that cannot be read are the third
READ: dict[str, tuple[bytes, list[str], int]] = {
    "short rows": (b"name,email,note\na,a@x.example\nb,b@x.example,hello\n", ["a", "b"], 0),
    "trailing commas": (b"name,email\na,a@x.example,\nb,b@x.example,,\n", ["a", "b"], 0),
    "blank lines": (b"\n\nname,email\n\na,a@x.example\n\r\n\n", ["a"], 0),
    "twins": (b"email,note,note\na@x.example,x,y\n", ["a"], 0),
    "separator line": (b"sep=;\r\nname;email\r\na;a@x.example\r\n", ["a"], 0),
    "semicolons": (b"name;email\nRoe, Jane;a@x.example\n", ["a"], 0),
    "tabs and UTF-16": ("name\temail\r\nZoë\ta@x.example\r\n".encode("utf-16"), ["a"], 0),
    "Windows-1252": ("name;email\nMüller;a@x.example\n".encode("windows-1252"), ["a"], 0),
    "backslashes": (b'email,name\n"a@x.example","J \\"JJ\\" R"\n"b@x.example","C:\\"\n', ["a", "b"], 0),
    "quotes in text": (b'name,email\n5" pipe,a@x.example\nb,b@x.example\n', ["a", "b"], 0),
    "blanks around quotes": (b'name,email\n"Roe, J" , "a@x.example"\n', ["a"], 0),
    "a footer": (b'n,email,p\n"a","a@x.example",""\n\n"Report"\n"By: q@x.example"\n', ["a"], 2),
    "a quote too many": (b'name,email\n"a,a@x.example\nb,b@x.example\n"c",c@x.example\n', ["b", "c"], 1),
    "a comma too many": (b"name,email\na,b,a@x.example\nb,b@x.example\nc,c@x.example\n", ["b", "c"], 1),
    "a broken letter": ("n,email\nZoë,a@x.example\n".encode() + b"\xff,b@x.example\n", ["a"], 1),
}  # fmt: skip


async def test_each_is_read_and_counted(exporting: Exporting, segment_root: Path) -> None:
    exports = {}
    for name, (data, _, _) in READ.items():
        path = segment_root / f"{name}.csv"
        path.write_bytes(data)
        segment = await exporting.segment({"kind": "file", "url": str(path)})
        exports[name] = await exporting.export(segment)
    for name, (export, run) in zip(exports, await exporting.run_all(exports.values()), strict=True):
        _, people, malformed = READ[name]
        found = {row["EMAIL"] for row in exporting.members(export)}
        assert found == {digest(f"{person}@x.example") for person in people}, (name, run["error"])
        counts = run["counts"]
        assert run["skipped_reasons"].get("row_malformed", 0) == malformed, name
        assert counts["read"] == len(people) + malformed
        assert counts["read"] + counts["expanded"] == (
            counts["duplicates"] + counts["skipped"] + counts["staged"]
        )
        status = "succeeded_with_warnings" if malformed else "succeeded"
        assert run["status"] == status, (name, run)


async def test_a_line_of_json_means_the_same_wherever_it_stands(
    exporting: Exporting, segment_root: Path
) -> None:
    """Half an emoji, a key given twice and NaN cost their value; a line that is none costs itself."""
    odd = [
        '{"email":"b@x.example","fn":"Bob \\ud83d"}',
        '{"email":"c@x.example","fn":"Cat","fn":"Kate"}',
        '{"email":"d@x.example","fn":NaN}',
        '{"email":"e@x.example","email":"f@x.example","fn":"Eve"}',
        '{"email":"g@x.example","fn":"Gil","note":Infinity}',
        '{"email":"h@x.example"',
    ]
    plain = [json.dumps({"email": f"m{n}@x.example", "fn": "Mo"}) for n in range(30_000)]
    exports = []
    for name, lines in (("first", odd + plain), ("last", plain + odd)):
        path = segment_root / f"{name}.ndjson"
        path.write_text("\n".join(lines) + "\n")
        segment = await exporting.segment({"kind": "file", "url": str(path)})
        mapping = {"EMAIL": "email", "FN": "fn"}
        exports.append(await exporting.export(segment, attributes=mapping))
    first, last = await exporting.run_all(exports)
    assert exporting.holds(first[0]) == exporting.holds(last[0])
    names = {row["EMAIL"]: row.get("FN") for row in exporting.members(first[0])}
    for person in "bcd":
        assert names[digest(f"{person}@x.example")] is None
    assert names[digest("g@x.example")] == digest("gil")
    assert len(names) == 30_004
    for _, run in (first, last):
        assert run["skipped_reasons"]["row_malformed"] == 1
        assert run["counts"]["skipped"] == 2
        assert sum(run["refused_values"]["FN"].values()) == 3


async def test_too_many_fail_and_say_where(exporting: Exporting, segment_root: Path) -> None:
    path = segment_root / "m.csv"
    path.write_text("name,email\n" + "a,a@x.example\n" * 20)
    export = await exporting.export(await exporting.segment({"kind": "file", "url": str(path)}))
    path.write_text("name,email\n" + "a,a@x.example\n" * 20 + "b,secret,b@x.example\n" * 11)
    run = await exporting.run(export)
    assert (run["status"], run["error"]["code"]) == ("failed", "csv-ragged-rows")
    assert "m.csv, line 22" in run["error"]["message"]
    assert "11 of 31 rows" in run["error"]["message"]
    assert "secret" not in str(run)
    assert exporting.uploads() == []


async def test_a_later_file_of_another_shape_is_no_garbage(
    exporting: Exporting, segment_root: Path
) -> None:
    path = segment_root / "m.csv"
    path.write_bytes("name;email\nMüller;a@x.example\n".encode("windows-1252"))
    segment = await exporting.segment({"kind": "file", "url": str(path)})
    url = f"/v1/segments/{segment['id']}"
    seen = (await exporting.api.get(f"{url}/attributes")).json()
    assert seen["detected"] == {
        "encoding": "windows-1252", "delimiter": ";", "quote": '"', "header": True,
    }  # fmt: skip
    export = await exporting.export(segment)
    for data in (
        "name;email\nMüller;a@x.example\n".encode(),
        "name;email\nMüller;a@x.example\n".encode("utf-16"),
        b"name,email\nx,a@x.example\n",
    ):
        path.write_bytes(data)
        run = await exporting.run(export)
        assert run["error"]["code"] == "source-shape-changed", data
    # to save the source again is to have the file looked at anew
    body = {"source": {"kind": "file", "url": str(path)}}
    await expect(await exporting.api.patch(url, json=body), 200)
    assert (await exporting.run(export))["status"] == "succeeded"
    # and what is given is not guessed
    body["source"]["encoding"] = "windows-1252"
    await expect(await exporting.api.patch(url, json=body), 200)
    seen = (await exporting.api.get(f"{url}/attributes")).json()
    assert seen["detected"]["encoding"] == "windows-1252"


async def test_advice_never_leads_to_wrong_hashes(exporting: Exporting, segment_root: Path) -> None:
    path = segment_root / "m.csv"
    path.write_text('name,email\n"a","a@x.example"\n')
    body = {"name": "n", "source": {"kind": "file", "url": str(path), "quote": None}}
    problem = await expect(await exporting.api.post("/v1/segments", json=body), 422)
    assert problem["code"] == "csv-quoted-cells"


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
async def test_what_is_pushed_is_read_so_too(exporting: Exporting, pack: Any) -> None:
    """Meta's own template: in lower case, three columns for e-mails, two that are no keys."""
    body = (
        "sep=;\r\nemail;email;email;phone;fn;age;uid;value\r\n"
        "a@x.example;a2@x.example;;+493090182;Zoë;30;7;20.1\r\n"
        "b@x.example;;\r\n"
        "c@x.example;;;;;;;;;surplus\r\n"
    )
    segment = await exporting.segment({"kind": "upload"})
    answer = await exporting.push(segment, pack(body.encode("windows-1252")))
    assert answer["member_count"] == 3
    assert answer["skipped_reasons"] == {"row_malformed": 1}
    assert answer["ignored_columns"] == ["age", "uid"]
    export = await exporting.export(segment, attributes={"EMAIL": "EMAIL", "FN": "FN"})
    await exporting.run(export)
    found = {row["EMAIL"]: row.get("FN") for row in exporting.members(export)}
    assert found == {
        digest("a@x.example"): digest("zoë"),
        digest("a2@x.example"): digest("zoë"),
        digest("b@x.example"): None,
    }


async def test_many_unusable_values_are_not_silent(
    exporting: Exporting, segment_root: Path
) -> None:
    """The run, its preview and a push name the key, the reason and the share."""
    rows = [f"a{n}@x.example,{'12' if n < 3 else '+4930901820'}" for n in range(100)]
    path = segment_root / "m.csv"
    path.write_text("email,phone\n" + "\n".join(rows) + "\n")
    segment = await exporting.segment({"kind": "file", "url": str(path)})
    export = await exporting.export(segment, attributes={"EMAIL": "email", "PHONE": "phone"})
    preview = await exporting.api.post(f"/v1/exports/{export['id']}/preview")
    run = await exporting.run(export)
    pushed = await exporting.push(
        await exporting.segment({"kind": "upload"}), "EMAIL,PHONE\n" + "\n".join(rows) + "\n"
    )
    assert run["status"] == "succeeded_with_warnings"
    for warnings in (run["warnings"], preview.json()["warnings"], pushed["warnings"]):
        (warning,) = [item for item in warnings if item["code"] == "values-refused"]
        assert (warning["key"], warning["share"]) == ("PHONE", 0.03)
        assert warning["reason"] in warning["detail"]
    path.write_text("email,phone\n" + "\n".join(rows[2:] + rows[3:]) + "\n")
    assert (await exporting.run(export))["status"] == "succeeded"
