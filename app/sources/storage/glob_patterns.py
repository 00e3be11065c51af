"""Glob patterns over relative paths: the same rules for folders and object storage.

`*`, `?` and `[a-z]` stay within a name, `**` as a whole name spans folders. A name is matched by a set
of states kept in the bits of a number, so its cost is its length whatever the pattern: nothing here
goes back and tries again, as regular expressions do (https://swtch.com/~rsc/regexp/regexp1.html).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

_ANY_FOLDERS = "**"

Accepts = Callable[[str], bool]


def has_wildcards(path: str) -> bool:
    """Whether the path is a pattern rather than the name of one file or folder."""
    return any(mark in path for mark in "*?[")


def fixed_part(path: str) -> tuple[str, str]:
    """Split a pattern into the folder above its first wildcard and the rest."""
    parts = path.split("/")
    first = next(i for i, part in enumerate(parts) if has_wildcards(part))
    return "/".join(parts[:first]), "/".join(parts[first:])


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern; `matches` looks at whole relative paths."""

    names: Sequence["_Name | None"]  # None spans folders

    def matches(self, path: str) -> bool:
        """Whether the path, with `/` between its names, is one that the pattern means."""
        parts = path.split("/")
        *above, last = self.names
        if last is None:  # at least one more name
            return any(_match(above, parts[:end]) for end in range(len(parts)))
        return last.matches(parts[-1]) and _match(above, parts[:-1])


def compiled(pattern: str) -> Pattern:
    """The pattern, ready to match."""
    names: list[_Name | None] = []
    for part in pattern.split("/"):
        if part != _ANY_FOLDERS:
            names.append(_Name.of(part))
        elif not names or names[-1] is not None:
            names.append(None)
    return Pattern(names)


def _match(names: Sequence["_Name | None"], parts: Sequence[str]) -> bool:
    """Folder by folder; `reached` holds how many of the names may have been used so far."""
    reached = _skipping({0}, names)
    for part in parts:
        following = set()
        for place in reached:
            if place == len(names):
                continue
            name = names[place]
            if name is None:
                following.add(place)
            elif name.matches(part):
                following.add(place + 1)
        reached = _skipping(following, names)
        if not reached:
            return False
    return len(names) in reached


def _skipping(reached: set[int], names: Sequence["_Name | None"]) -> set[int]:
    """Also what is reached because `**` may stand for no folder."""
    return reached | {place + 1 for place in reached if place < len(names) and names[place] is None}


@dataclass(frozen=True, slots=True)
class _Name:
    """A pattern of one name: what each place accepts, and which places are stars."""

    places: tuple[Accepts | None, ...]  # None is a star
    stars: int
    # which places accept a letter, for the letters met so far
    accepting: dict[str, int] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, pattern: str) -> "_Name":
        places = tuple(_places(pattern))
        stars = sum(1 << at for at, accepts in enumerate(places) if accepts is None)
        return cls(places, stars)

    def matches(self, name: str) -> bool:
        """Bit n of `state`: the first n places have been used up by what was read."""
        state = 1 | (self.stars & 1) << 1
        for letter in name:
            state = (state & self._accepting(letter)) << 1 | state & self.stars
            state |= (state & self.stars) << 1  # a star may stand for nothing; two never meet
            if not state:
                return False
        return bool(state >> len(self.places) & 1)

    def _accepting(self, letter: str) -> int:
        known = self.accepting.get(letter)
        if known is None:
            known = sum(
                1 << at
                for at, accepts in enumerate(self.places)
                if accepts is not None and accepts(letter)
            )
            self.accepting[letter] = known
        return known


def _places(pattern: str) -> list[Accepts | None]:
    places: list[Accepts | None] = []
    at = 0
    while at < len(pattern):
        letter = pattern[at]
        end = pattern.find("]", at + 2) if letter == "[" else -1
        if letter == "*":
            if not places or places[-1] is not None:
                places.append(None)
        elif letter == "?":
            places.append(_anything)
        elif end > 0 and pattern[at + 1 : end] != "!":
            places.append(_one_of(pattern[at + 1 : end]))
            at = end
        else:
            places.append(letter.__eq__)
        at += 1
    return places


def _anything(_: str) -> bool:
    return True


def _one_of(members: str) -> Accepts:
    """What stands between brackets: letters, ranges, `!` in front for all others."""
    negated, members = members.startswith("!"), members.removeprefix("!")
    letters: set[str] = set()
    ranges: list[tuple[str, str]] = []
    at = 0
    while at < len(members):
        if members[at + 1 : at + 2] == "-" and at + 2 < len(members):
            ranges.append((members[at], members[at + 2]))
            at += 3
        else:
            letters.add(members[at])
            at += 1

    def accepts(letter: str) -> bool:
        inside = letter in letters or any(low <= letter <= high for low, high in ranges)
        return inside is not negated

    return accepts
