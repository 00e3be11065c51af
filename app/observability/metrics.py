"""What a process counts for Prometheus: every name and label there is, explained in docs/metrics.md.

Names follow https://prometheus.io/docs/practices/naming/. No label holds what callers choose freely: codes,
statuses and edges are lists of this project's own, and ad accounts are hashed and bounded (`Accounts`).
"""

import hashlib
from typing import Literal

from prometheus_client import Counter, Gauge, Histogram, Info

AccountLabels = Literal["hashed", "plain", "off"]

_MOST_ACCOUNTS = 200
_OTHERS = "others"
# a call of Meta's takes tenths of a second to minutes, and so does a wait for its limits
_CALL_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_WAIT_SECONDS = (0.01, 0.1, 0.5, 1, 5, 15, 60, 300)
_RUN_SECONDS = (1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 24 * 3600)

RUNS_ENDED = Counter(
    "audience_export_runs_ended_total",
    "Runs that ended, as this process recorded it",
    ["status", "culprit", "code"],
)
RUN_SECONDS = Histogram(
    "audience_export_run_seconds",
    "From the first claim of a run to its end",
    ["status"],
    buckets=_RUN_SECONDS,
)
RUN_WAIT_SECONDS = Histogram(
    "audience_export_run_wait_seconds",
    "From the request of a run to its first claim, of runs that ended",
    buckets=_RUN_SECONDS,
)
RUNS_PARKED = Counter(
    "audience_export_runs_parked_total",
    "Times this worker put a run aside to go on later, by what it waits for",
    ["reason"],
)

MEMBERS_READ = Counter("audience_export_members_read_total", "Members read from segments")
MEMBERS_EXPANDED = Counter(
    "audience_export_members_expanded_total", "Further rows of members with several values"
)
MEMBERS_DUPLICATE = Counter("audience_export_members_duplicates_total", "Rows met before")
MEMBERS_SKIPPED = Counter(
    "audience_export_members_skipped_total", "Rows without a usable key, by reason", ["reason"]
)
MEMBERS_STAGED = Counter("audience_export_members_staged_total", "Distinct rows ready to be sent")
MEMBERS_SENT = Counter(
    "audience_export_members_sent_total", "Rows Meta took, by operation", ["operation"]
)
MEMBERS_REFUSED = Counter("audience_export_members_refused_total", "Rows Meta refused")
MEMBERS_INVALID = Counter(
    "audience_export_members_invalid_total", "Entries Meta called invalid, by its own estimate"
)
BATCHES = Counter(
    "audience_export_batches_total", "Batches answered and recorded, by operation", ["operation"]
)

GRAPH_CALLS = Counter(
    "audience_export_graph_calls_total",
    "Tries of calls to the Graph API; status 0: no answer; code: none if it went well",
    ["method", "edge", "status", "code"],
)
GRAPH_SECONDS = Histogram(
    "audience_export_graph_call_seconds",
    "Time of one try, without waits",
    ["edge"],
    buckets=_CALL_SECONDS,
)
GRAPH_WAIT_SECONDS = Histogram(
    "audience_export_graph_wait_seconds",
    "Time a try waited for its turn under Meta's limits",
    buckets=_WAIT_SECONDS,
)
GRAPH_THROTTLED = Counter(
    "audience_export_graph_throttled_total", "Tries Meta refused for its limits, by code", ["code"]
)
GRAPH_QUOTA = Gauge(
    "audience_export_graph_quota_used_ratio",
    "How full a quota of Meta's is by its last answer here; 1 is full",
    ["ad_account", "quota"],
)

LEASE_LOSSES = Counter(
    "audience_export_lease_losses_total",
    "Runs and erasures this worker lost while it worked on them",
)
RUNS_RECLAIMED = Counter(
    "audience_export_runs_reclaimed_total", "Runs taken back from workers that fell silent"
)
ERASURES_WORKED = Counter(
    "audience_export_erasure_attempts_total",
    "Attempts at an erasure, by outcome",
    ["outcome", "code"],
)
MEMBERS_PUSHED = Counter(
    "audience_export_members_pushed_total", "Members taken in by pushes that were put in place"
)
SOURCE_ERRORS = Counter(
    "audience_export_source_errors_total",
    "Segments that could not be read, by kind of source",
    ["kind", "code"],
)
WEBHOOK_ATTEMPTS = Counter(
    "audience_export_webhook_attempts_total", "Attempts to deliver an event", ["event", "outcome"]
)

BUILD = Info("audience_export_build", "The version that runs")
HASH_ENGINE = Info("audience_export_hash_engine", "What computes SHA-256 in this process")


def introduce(*, version: str, hash_engine: str) -> None:
    """Say once what this process is."""
    BUILD.info({"version": version})
    HASH_ENGINE.info({"engine": hash_engine})


class Accounts:
    """Labels of ad accounts: eight hexadecimal digits of their hash, or as the settings say.

    At most 200 in a process; those that come later are one, called `others`.
    """

    def __init__(self, labels: AccountLabels) -> None:
        """`labels` is METRICS_AD_ACCOUNTS."""
        self._labels = labels
        self._known: dict[str, str] = {}

    def label(self, account: str) -> str | None:
        """The label of an ad account (`act_` or not); None where accounts are not told apart."""
        if self._labels == "off":
            return None
        number = account.removeprefix("act_")
        if number not in self._known:
            if len(self._known) >= _MOST_ACCOUNTS:
                return _OTHERS
            self._known[number] = number if self._labels == "plain" else account_hash(number)
        return self._known[number]


def account_hash(number: str) -> str:
    """Eight hexadecimal digits that stand for an ad account; `number` has no `act_`."""
    return hashlib.sha256(number.encode()).hexdigest()[:8]
