"""Glob patterns over relative paths: the same rules for folders and object storage."""

import re

_MARK = re.compile(r"\*+|\?|\[!?[^\]/]+\]|.", re.DOTALL)


def has_wildcards(path: str) -> bool:
    """Whether the path is a pattern rather than the name of one file or folder."""
    return any(mark in path for mark in "*?[")


def fixed_part(path: str) -> tuple[str, str]:
    """Split a pattern into the folder above its first wildcard and the rest."""
    parts = path.split("/")
    first = next(i for i, part in enumerate(parts) if has_wildcards(part))
    return "/".join(parts[:first]), "/".join(parts[first:])


def matcher(pattern: str) -> re.Pattern[str]:
    """Compile for `fullmatch`: `*`, `?` and `[a-z]` stay within a name, `**` spans folders."""
    *folders, name = pattern.split("/")
    pieces = ["(?:.*/)?" if folder == "**" else _one_name(folder) + "/" for folder in folders]
    pieces.append(".*" if name == "**" else _one_name(name))
    return re.compile("".join(pieces), re.DOTALL)


def _one_name(pattern: str) -> str:
    return "".join(_translate(mark) for mark in _MARK.findall(pattern))


def _translate(mark: str) -> str:
    if mark.startswith("*"):
        return "[^/]*"
    if mark == "?":
        return "[^/]"
    if mark.startswith("[") and len(mark) > 1:
        negated = mark.startswith("[!")
        members = re.sub(r"([\\\[^&~|])", r"\\\1", mark[2 if negated else 1 : -1])
        return f"(?!/)[{'^' if negated else ''}{members}]"
    return re.escape(mark)
