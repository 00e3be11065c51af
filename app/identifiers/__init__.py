"""Turns members' raw identifiers into what Meta matches: normalized, hashed, columnar, pure.

Nothing in here reads or logs anything, or keeps it longer than a caller holds its `Memory`; RULES.md
says what every rule does and why.
"""

from app.identifiers.columns.digest import engine as hash_engine
from app.identifiers.columns.digest import self_test
from app.identifiers.columns.distinct_values import Memory
from app.identifiers.expansion import expand
from app.identifiers.explain import Explanation, explain
from app.identifiers.hash_tally import HashTally
from app.identifiers.identify import Identified, identify
from app.identifiers.keys import (
    ATTRIBUTE_KEYS,
    HASHED_KEYS,
    PLAIN_KEYS,
    RULES_VERSION,
    SCHEMA_KEYS,
    AttributeKey,
    KeyIdentifier,
    key_columns,
)
from app.identifiers.plan import Consent, IdentifierPlan, Ldu, PlanProblem, check_plan
from app.identifiers.pushed_members import PUSHED_KEYS, Kept, keep, mappable_keys
from app.identifiers.refusals import VALUES_REFUSED, refusal_warnings

__all__ = [
    "ATTRIBUTE_KEYS",
    "HASHED_KEYS",
    "PLAIN_KEYS",
    "PUSHED_KEYS",
    "RULES_VERSION",
    "SCHEMA_KEYS",
    "VALUES_REFUSED",
    "AttributeKey",
    "Consent",
    "Explanation",
    "HashTally",
    "Identified",
    "IdentifierPlan",
    "Kept",
    "KeyIdentifier",
    "Ldu",
    "Memory",
    "PlanProblem",
    "check_plan",
    "expand",
    "explain",
    "hash_engine",
    "identify",
    "keep",
    "key_columns",
    "mappable_keys",
    "refusal_warnings",
    "self_test",
]
