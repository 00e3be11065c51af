"""Writes a pattern for texts that are none of some words, which patterns of polars cannot say.

One look over a column then tells both: the shape of a text, and that it is none of the words.
"""

import re
from collections.abc import Collection


def other_than(words: Collection[str], *, first: str, later: str) -> str:
    """A pattern of texts that are no word of `words`: one sign of `first`, then any of `later`.

    `first` and `later` are the insides of character classes; words consist of their signs.
    """
    heads = sorted({word[0] for word in words})
    branches = [f"[[{first}]&&[^{''.join(map(re.escape, heads))}]][{later}]*"]
    for head in heads:
        tails = {word[1:] for word in words if word[0] == head}
        longer = tails - {""}
        more = other_than(longer, first=later, later=later) if longer else f"[{later}]+"
        nothing_more = "" if "" in tails else "?"
        branches.append(f"{re.escape(head)}(?:{more}){nothing_more}")
    return "|".join(branches)
