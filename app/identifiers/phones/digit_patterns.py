r"""Asks of a numbering-plan pattern which digits a match could begin with.

libphonenumber's patterns consist of digits, `\d`, classes, groups, alternatives and counted
repeats. They are turned into a position automaton (Glushkov), which answers the question for any
beginning without trying numbers. Anything else in a pattern is an error, never a wrong answer.
"""

from dataclasses import dataclass

_ALL = (1 << 10) - 1


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of a pattern: sets of positions as bits, so that union is `|`."""

    nullable: bool
    first: int
    last: int


class DigitPattern:
    """A pattern over digits that can be asked about beginnings."""

    def __init__(self, pattern: str) -> None:
        """Raises ValueError for syntax libphonenumber does not use today."""
        self._text = pattern
        self._at = 0
        self._digits: list[int] = []
        self._follow: list[int] = []
        self._whole = self._alternatives()
        if self._at != len(pattern):
            raise ValueError(f"unexpected {pattern[self._at]!r} in a numbering plan")

    def may_begin(self, digits: str) -> bool:
        """Whether some match of at least one digit begins with `digits`, or ends within them."""
        live = self._whole.first
        for digit in digits:
            fits = (p for p in _bits(live) if self._digits[p] >> int(digit) & 1)
            now = sum(1 << position for position in fits)
            if now & self._whole.last:
                return True
            live = self._following(now)
            if not live:
                return False
        return True

    def beginnings(self, count: int) -> list[bool]:
        """`may_begin` of every `count` digits, from all zeros to all nines: one walk for all of them."""
        accepting = [
            sum(1 << place for place, digits in enumerate(self._digits) if digits >> digit & 1)
            for digit in range(10)
        ]
        following: dict[int, int] = {}

        def walk(live: int, left: int) -> list[bool]:
            found: list[bool] = []
            for digit in range(10):
                now = live & accepting[digit]
                if now not in following:
                    following[now] = self._following(now)
                after = following[now]
                if left == 1 or not after or now & self._whole.last:
                    found += [bool(after or now & self._whole.last)] * 10 ** (left - 1)
                else:
                    found += walk(after, left - 1)
            return found

        return walk(self._whole.first, count)

    def _following(self, places: int) -> int:
        after = 0
        for place in _bits(places):
            after |= self._follow[place]
        return after

    def _alternatives(self) -> _Part:
        whole = self._sequence()
        while self._peek() == "|":
            self._at += 1
            other = self._sequence()
            nullable = whole.nullable or other.nullable
            whole = _Part(nullable, whole.first | other.first, whole.last | other.last)
        return whole

    def _sequence(self) -> _Part:
        whole = _Part(True, 0, 0)
        while self._peek() not in ("", "|", ")"):
            whole = self._after(whole, self._repeated())
        return whole

    def _after(self, left: _Part, right: _Part) -> _Part:
        for position in _bits(left.last):
            self._follow[position] |= right.first
        return _Part(
            left.nullable and right.nullable,
            left.first | (right.first if left.nullable else 0),
            right.last | (left.last if right.nullable else 0),
        )

    def _repeated(self) -> _Part:
        start = self._at
        part = self._atom()
        end = self._at
        low, high = self._count()
        whole = part if low else _Part(True, part.first, part.last)
        for number in range(2, high + 1):
            # a counted piece is read again: every repeat needs positions of its own
            after, self._at = self._at, start
            again = self._atom()
            assert self._at == end
            self._at = after
            again = again if number <= low else _Part(True, again.first, again.last)
            whole = self._after(whole, again)
        return whole

    def _count(self) -> tuple[int, int]:
        if self._peek() == "?":
            self._at += 1
            return 0, 1
        if self._peek() != "{":
            return 1, 1
        close = self._text.index("}", self._at)
        low, _, high = self._text[self._at + 1 : close].partition(",")
        self._at = close + 1
        return int(low), int(high or low)

    def _atom(self) -> _Part:
        sign = self._peek()
        if sign == "(":
            self._at += 3 if self._text.startswith("(?:", self._at) else 1
            part = self._alternatives()
            if self._peek() != ")":
                raise ValueError("unclosed group in a numbering plan")
            self._at += 1
            return part
        if sign == "$":
            self._at += 1
            return _Part(True, 0, 0)
        if sign == "[":
            return self._position(self._class())
        if self._text.startswith("\\d", self._at):
            self._at += 2
            return self._position(_ALL)
        if sign.isdigit():
            self._at += 1
            return self._position(1 << int(sign))
        raise ValueError(f"unexpected {sign!r} in a numbering plan")

    def _class(self) -> int:
        close = self._text.index("]", self._at)
        body = self._text[self._at + 1 : close]
        self._at = close + 1
        digits = 0
        while body:
            if body[1:2] == "-":
                low, high, body = int(body[0]), int(body[2]), body[3:]
            else:
                low, high, body = int(body[0]), int(body[0]), body[1:]
            digits |= sum(1 << digit for digit in range(low, high + 1))
        return digits

    def _position(self, digits: int) -> _Part:
        self._digits.append(digits)
        self._follow.append(0)
        bit = 1 << (len(self._digits) - 1)
        return _Part(False, bit, bit)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]


def _bits(number: int) -> list[int]:
    bits = []
    while number:
        low = number & -number
        bits.append(low.bit_length() - 1)
        number ^= low
    return bits
