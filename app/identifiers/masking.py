"""The form of a value without the value: faults of form show, people do not.

` Mary@Example.com` becomes `␠Xxxx@Xxxxxxx.xxx`: letters and digits are masked, capitals and everything
between them stay, and blanks that nobody sees get a sign.
"""

import unicodedata

_LONGEST = 80
# what nobody sees, by its sign
_UNSEEN = {" ": "␠", "\t": "␉", "\n": "␊", "\r": "␍", "\u00a0": "⍽"}
# by Unicode's general category; accents that are written apart, and pictures, have a sign of their own
_BY_CATEGORY = {
    **dict.fromkeys(("Lu", "Lt"), "X"),
    **dict.fromkeys(("Ll", "Lo", "Lm"), "x"),
    **dict.fromkeys(("Nd", "Nl", "No"), "9"),
    **dict.fromkeys(("Mn", "Mc", "Me"), "◌"),
    **dict.fromkeys(("Zs", "Zl", "Zp"), "␠"),
    **dict.fromkeys(("So", "Sk"), "☐"),
}


def mask(text: str) -> str:
    """The text's form, at most 80 signs of it: letters as X or x, digits as 9, unseen signs by name."""
    shown = "".join(_masked(letter) for letter in text[:_LONGEST])
    return shown + "…" if len(text) > _LONGEST else shown


def _masked(letter: str) -> str:
    if letter in _UNSEEN:
        return _UNSEEN[letter]
    category = unicodedata.category(letter)
    if category.startswith("C"):
        return f"⟨{ord(letter):04X}⟩"
    # what is left is punctuation, which is no part of anybody's name
    return _BY_CATEGORY.get(category, letter)
