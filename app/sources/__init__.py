"""Where members are read from: files, object storage and databases behind one small port."""

from app.sources.access import SourceAccess
from app.sources.arriving import ArrivingLimits, arriving_members
from app.sources.columns import columns_named
from app.sources.footers import Unpacking
from app.sources.guessing import Shape
from app.sources.losses import REASON as MALFORMED
from app.sources.losses import Losses, Tolerance
from app.sources.opening import check_source, fingerprint_of, open_source
from app.sources.port import Attribute, Cost, MemberSource, Priced
from app.sources.tallies import tally_beside, tally_invalid
from app.sources.wanted import wanted

__all__ = [
    "MALFORMED",
    "ArrivingLimits",
    "Attribute",
    "Cost",
    "Losses",
    "MemberSource",
    "Priced",
    "Shape",
    "SourceAccess",
    "Tolerance",
    "Unpacking",
    "arriving_members",
    "check_source",
    "columns_named",
    "fingerprint_of",
    "open_source",
    "tally_beside",
    "tally_invalid",
    "wanted",
]
