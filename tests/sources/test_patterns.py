"""Patterns of users: the same meaning as ever, and no name that takes long."""

import re
import time

from hypothesis import given
from hypothesis import strategies as st

from app.sources.storage.glob_patterns import compiled

_pattern = st.lists(
    st.sampled_from(["a", "b", ".", "*", "?", "[ab]", "[!a]", "[a-c]", "/", "/**/", "**/"]),
    max_size=9,
).map("".join)
_path = st.lists(st.text("abc.", min_size=1, max_size=5), min_size=1, max_size=4).map("/".join)


def _expression(pattern: str) -> re.Pattern[str]:
    """What a pattern means, said in the standard library's words."""
    *folders, name = pattern.split("/")
    pieces = ["(?:.*/)?" if folder == "**" else _part(folder) + "/" for folder in folders]
    return re.compile("".join([*pieces, ".*" if name == "**" else _part(name)]), re.DOTALL)


def _part(name: str) -> str:
    marks = re.findall(r"\*+|\[!?[^\]]+\]|.", name)
    return "".join(
        "[^/]*" if mark[0] == "*"
        else "[^/]" if mark == "?"
        else f"(?!/){mark.replace('[!', '[^')}" if len(mark) > 1
        else re.escape(mark)
        for mark in marks
    )  # fmt: skip


@given(_pattern, _path)
def test_it_means_what_the_expression_means(pattern: str, path: str) -> None:
    assert compiled(pattern).matches(path) == bool(_expression(pattern).fullmatch(path))


def test_a_pattern_that_froze_the_process() -> None:
    """`*` and twenty `?*` on one name went back and tried again for ever."""
    started = time.thread_time()
    for pattern in ("*" + "?*" * 20 + "x", "*a" * 900 + "x", "**/" * 600 + "x", "[!b]*" * 300):
        assert not compiled(pattern).matches("/".join(["a" * 255] * 8) + "b")
    assert time.thread_time() - started < 1
