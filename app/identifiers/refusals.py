"""Says of which keys too many of the given values cannot be used, and why."""

from collections.abc import Mapping
from typing import Any, Final

VALUES_REFUSED: Final = "values-refused"
"""The code of the warning."""


def refusal_warnings(
    refused: Mapping[str, Mapping[str, int]], given: Mapping[str, int], share: float
) -> list[dict[str, Any]]:
    """A warning a key of whose given values more than `share` (0 to 1) was refused; numbers only.

    `refused`: key to reason to values. `given`: key to values, good and bad. Each warning has `code`,
    `detail`, `key`, `reason` (the most frequent one) and `share`.
    """
    warnings = []
    for key, reasons in sorted(refused.items()):
        bad, all_of_them = sum(reasons.values()), given.get(key, 0)
        if not bad or bad <= share * all_of_them:
            continue
        given_in_all = max(all_of_them, bad)
        part = bad / given_in_all
        of = f"{part:.1%} of the {given_in_all:,} values" if given_in_all > 1 else "The only value"
        ranked = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
        said = ", ".join(f"{reason} {count:,}" for reason, count in ranked)
        warnings.append({
            "code": VALUES_REFUSED,
            "detail": f"{of} given for {key} cannot be used ({said}); nothing is sent of "
            f"{'them' if bad > 1 else 'it'}.",
            "key": key,
            "reason": ranked[0][0],
            "share": round(part, 6),
        })  # fmt: skip
    return warnings
