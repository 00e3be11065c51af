"""Where members are read from: files, object storage and databases behind one small port."""

from app.sources.access import SourceAccess
from app.sources.cancellation import wanted
from app.sources.databases.column_names import columns_named
from app.sources.hash_tally import tally_beside, tally_invalid
from app.sources.limits.parquet_footer import UnpackLimits
from app.sources.malformed_rows import REASON as MALFORMED
from app.sources.malformed_rows import Losses, Tolerance
from app.sources.member_source import Attribute, Cost, MemberSource, Priced
from app.sources.opening import check_source, cost_of, fingerprint_of, load_readers, open_source
from app.sources.request_body import BodyLimits, members_of_body
from app.sources.text.csv_dialect import Shape

__all__ = [
    "MALFORMED",
    "Attribute",
    "BodyLimits",
    "Cost",
    "Losses",
    "MemberSource",
    "Priced",
    "Shape",
    "SourceAccess",
    "Tolerance",
    "UnpackLimits",
    "check_source",
    "columns_named",
    "cost_of",
    "fingerprint_of",
    "load_readers",
    "members_of_body",
    "open_source",
    "tally_beside",
    "tally_invalid",
    "wanted",
]
