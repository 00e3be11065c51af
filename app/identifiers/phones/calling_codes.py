"""Decides whether digits without plus have their calling code in front, or only begin like it.

`4915123456789` in Germany is the mobile number +49 151 23456789 or, as libphonenumber's `parse`
has it, a number of the area 0491 that lacks its trunk zero. Both readings are judged by their kind:

- Where the region dials a trunk prefix, none is written, so the national reading lacks something
  and the other is taken if it is a number at all. Two exceptions: a national mobile number beats
  a code followed by less than a mobile number (Cuba's 5349 0929, Vietnam's 84 199 2000), and an
  assigned national number beats an unassigned one.
- Where there is no trunk prefix (Italy, Poland …) the national reading is how everybody writes, and only
  a better kind behind the code beats it.

RULES.md lists the regions in which both can be meant.
"""

from typing import Final

import numpy as np

from app.identifiers.phones.kinds import Kind


def _has_code(national: Kind, rest: Kind, *, trunk: bool) -> bool:
    if rest == Kind.IMPOSSIBLE:
        return False
    if not trunk:
        return rest > national
    if rest == Kind.MOBILE:
        return True
    if rest == Kind.UNASSIGNED:
        return national <= Kind.UNASSIGNED
    return national != Kind.MOBILE


HAS_CODE: Final = np.array(
    [
        [[_has_code(national, rest, trunk=trunk) for rest in Kind] for national in Kind]
        for trunk in (False, True)
    ]
)
"""Whether the calling code is there, by: does the region dial a trunk prefix (0, 1), the kind of
the digits as a national number, the kind of what follows the code."""
