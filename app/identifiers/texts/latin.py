"""Folds accented Latin letters to a-z, by a table of its own so that no interpreter's does.

The table is Unicode 14: every small letter named LATIN (also the full-width ones) whose
compatibility decomposition, or whose name ("… WITH STROKE"), is a letter of a-z, and the
letters without decomposition that have one usual spelling (ß ss, æ ae, œ oe, þ th, ð d, ŋ n).
Letters such as ə that have no such spelling are kept.
"""

from typing import Final

import polars as pl

FOLDED: Final = {
    "a": "ªàáâãäåāăąǎǟǡǻȁȃȧᶏḁẚạảấầẩẫậắằẳẵặⱥａ",
    "ae": "æǣǽ",
    "b": "ƀƃɓᵬᶀḃḅḇꞗｂ",
    "c": "çćĉċčƈȼɕḉꞓꞔｃ𝼝",
    "d": "ðďđƌȡɖɗᵭᶁᶑḋḍḏḑḓꟈｄ",
    "dz": "ǆǳ",
    "e": "èéêëēĕėęěȅȇȩɇᶒḕḗḙḛḝẹẻẽếềểễệⱸꬴｅ",
    "f": "ƒᵮᶂḟꞙｆ",
    "ff": "ﬀ",
    "ffi": "ﬃ",
    "ffl": "ﬄ",
    "fi": "ﬁ",
    "fl": "ﬂ",
    "g": "ĝğġģǥǧǵɠᶃḡꞡｇ",
    "h": "ĥħȟɦḣḥḧḩḫẖⱨꞕｈ",
    "i": "ìíîïĩīĭįıǐȉȋɨᶖḭḯỉịｉ𝼚",
    "ij": "ĳ",
    "j": "ĵǰȷɉʝｊ",
    "k": "ķƙǩᶄḱḳḵⱪꝁꝃꝅꞣｋ",
    "l": "ĺļľłƚȴɫɬɭᶅḷḹḻḽⱡꝉꞎꬷꬸꬹｌ𝼑𝼓",
    "lj": "ǉ",
    "m": "ɱᵯᶆḿṁṃꬺｍ",
    "n": "ñńņňŉŋƞǹȵɲɳᵰᶇṅṇṉṋꞑꞥꬻｎ",
    "nj": "ǌ",
    "o": "ºòóôõöøōŏőơǒǫǭǿȍȏȫȭȯȱṍṏṑṓọỏốồổỗộớờởỡợⱺꝋꝍｏ𝼛",
    "oe": "œ",
    "p": "ƥᵱᵽᶈṕṗꝑꝓꝕｐ",
    "q": "ɋʠꝗꝙｑ",
    "r": "ŕŗřȑȓɍɼɽɾᵲᵳᶉṙṛṝṟꞧꭉｒ𝼖",
    "s": "śŝşšſșȿʂᵴᶊṡṣṥṧṩẛꞩꟊｓ𝼞",
    "ss": "ß",
    "st": "ﬅﬆ",
    "t": "ţťŧƫƭțȶʈᵵṫṭṯṱẗⱦｔ𝼉",
    "th": "þᵺ",
    "u": "ùúûüũūŭůűųưǔǖǘǚǜȕȗᶙṳṵṷṹṻụủứừửữựꞹꭎꭒｕ",
    "v": "ʋᶌṽṿⱱⱴꝟｖ",
    "w": "ŵẁẃẅẇẉẘⱳｗ",
    "x": "ᶍẋẍꭖꭗꭘꭙｘ",
    "y": "ýÿŷƴȳɏẏẙỳỵỷỹỿꭚｙ",
    "z": "źżžƶȥɀʐʑᵶᶎẑẓẕⱬｚ",
}
"""a-z spelling to the letters that are written so."""

_LETTERS: Final = [letter for letters in FOLDED.values() for letter in letters]
_SPELLINGS: Final = [spelling for spelling, letters in FOLDED.items() for _ in letters]


def fold(text: pl.Series) -> pl.Series:
    """Lower-case NFC text with its Latin letters as a-z; other scripts keep their marks."""
    spelled = text.str.replace_many(_LETTERS, _SPELLINGS)
    return spelled.str.replace_all(r"([a-z])\p{M}+", "$1")
