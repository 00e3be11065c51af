"""The membership model against a plain set of rows, and the checksum against its formula."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.membership import checksum
from sandbox.membership.members import Members
from sandbox.uploads.payload import read_batch

KEYS = ("EMAIL", "FN", "EXTERN_ID")


def values(keys, rows):
    return [checksum.values_of_cells(key, [row[at] for row in rows]) for at, key in enumerate(keys)]


class Model:
    """A member is the set of its filled cells."""

    def __init__(self):
        self.members = set()

    @staticmethod
    def cells(keys, row):
        return frozenset((key, cell) for key, cell in zip(keys, row, strict=True) if cell)

    def add(self, keys, rows):
        self.members |= {self.cells(keys, row) for row in rows}

    def remove(self, keys, rows):
        for row in rows:
            wanted = self.cells(keys, row)
            if wanted:
                self.members = {member for member in self.members if not wanted <= member}

    def sealed(self):
        rows = [[dict(member).get(key, "") for key in KEYS] for member in self.members]
        return checksum.of_rows(KEYS, rows)


cell = st.sampled_from(["", "a", "b", "c"])
subset = st.lists(st.sampled_from(KEYS), min_size=1, unique=True)


@st.composite
def step(draw):
    keys = tuple(draw(subset))
    row = st.lists(cell, min_size=len(keys), max_size=len(keys)).filter(any)
    rows = draw(st.lists(row, min_size=1, max_size=4))
    return draw(st.sampled_from(["add", "add", "remove", "settle"])), keys, rows


@settings(max_examples=150, deadline=None)
@given(st.lists(step(), max_size=12))
def test_any_sequence_of_adds_and_removals_gives_the_same_set(steps):
    members, model = Members(), Model()
    for what, keys, rows in steps:
        if what == "add":
            members.add(keys, values(keys, rows), rows)
            model.add(keys, rows)
        elif what == "remove":
            expected = len(model.members)
            model.remove(keys, rows)
            expected -= len(model.members)
            assert members.matching(keys, values(keys, rows)) == expected
            members.remove(keys, values(keys, rows))
        else:
            assert members.settle() == model.sealed()
    assert members.settle() == model.sealed()
    schema, listed = members.rows()
    assert len(listed) == len(model.members)
    assert {Model.cells(schema, row) for row in listed} == model.members


def test_the_checksum_is_the_documented_formula():
    def mix(z):
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        return z ^ (z >> 31)

    def value(key, text):
        digest = bytes.fromhex(text) if len(text) == 64 else hashlib.sha256(text.encode()).digest()
        words = [int.from_bytes(digest[at : at + 8], "little") for at in (0, 8, 16, 24)]
        factors = (1, 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
        fold = sum(word * factor for word, factor in zip(words, factors, strict=True))
        salt = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "little")
        return mix(fold % 2**64 ^ salt)

    email = hashlib.sha256(b"mary@example.com").hexdigest()
    rows = [[email, "id-1"], ["", "id-2"], [email, "id-1"]]
    identities = {value("EMAIL", email) + value("EXTERN_ID", "id-1"), value("EXTERN_ID", "id-2")}
    expected = sum(mix(identity % 2**64) for identity in identities) % 2**64
    assert checksum.of_rows(["EMAIL", "EXTERN_ID"], rows) == (2, f"{expected:016x}")


def test_the_checksum_knows_no_order_and_no_empty_columns(sha):
    one, two = sha("1"), sha("2")
    plain = checksum.of_rows(["EMAIL"], [[one], [two]])
    assert checksum.of_rows(["EMAIL"], [[two], [one], [one]]) == plain
    assert checksum.of_rows(["FN", "EMAIL"], [["", one], ["", two]]) == plain
    assert checksum.of_rows(["PHONE"], [[one], [two]]) != plain
    assert checksum.of_rows(["EMAIL"], [[one], [two[:-1] + "0"]]) != plain
    digests = bytes.fromhex(one + two)
    assert checksum.of_identities(checksum.values_of_digests("EMAIL", digests)) == plain


def test_rows_are_kept_while_they_are_few(sha):
    members = Members()
    rows = [[sha(str(number))] for number in range(60_000)]
    for start in range(0, 60_000, 10_000):
        batch = read_batch(
            {"schema": ["EMAIL"], "data": rows[start : start + 10_000]},
            value_based=False,
            removing=False,
        )
        members.add(batch.keys, batch.values, batch.rows)
    listed = members.rows()
    assert listed is not None
    assert listed[1] == rows
    for _ in range(5):
        members.add(("EMAIL",), values(("EMAIL",), rows[:10_000]), rows[:10_000])
    assert members.rows() is None
    assert members.settle() == checksum.of_rows(["EMAIL"], rows)


def test_a_small_audience_sent_often_is_still_kept(sha):
    members = Members()
    rows = [[sha(str(number))] for number in range(10_000)]
    for _ in range(12):
        members.add(("EMAIL",), values(("EMAIL",), rows), rows)
    members.remove(("EMAIL",), values(("EMAIL",), rows[:9_990]))
    assert members.rows() == (["EMAIL"], rows[9_990:])


def test_many_small_batches_are_joined():
    members = Members()
    words = np.arange(1, 5_001, dtype=np.uint64)
    members.rows_dropped = True
    for at in range(5_000):
        members.add(("EMAIL",), [words[at : at + 1]], [])
    assert members.settle() == checksum.of_identities(words)
    members.remove(("EMAIL",), [words[:4_999]])
    assert members.settle() == checksum.of_identities(words[4_999:])


@pytest.mark.parametrize("keys", [("EMAIL",), ("EMAIL", "FN")])
def test_a_million_rows_settle_quickly_and_exactly(keys):
    members, dice = Members(), np.random.default_rng(5)
    columns = [dice.integers(1, 2**63, 1_000_000, dtype=np.uint64) for _ in keys]
    for start in range(0, 1_000_000, 10_000):
        members.add(keys, [column[start : start + 10_000] for column in columns], [])
    members.remove(("EMAIL",), [columns[0][:1_000]])
    members.add(keys, [column[500:1_500] for column in columns], [])
    identities = np.sum([column[500:] for column in columns], axis=0, dtype=np.uint64)
    assert members.settle() == checksum.of_identities(identities)
