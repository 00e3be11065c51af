"""What a page of metrics says, as numbers that can be compared."""

from prometheus_client.parser import text_string_to_metric_families

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(text: str) -> Samples:
    """Name and labels → value."""
    return {
        (item.name, frozenset(item.labels.items())): item.value
        for family in text_string_to_metric_families(text)
        for item in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float:
    """The sum of the samples of that name that have these labels."""
    wanted = set(labels.items())
    return sum(
        number for (is_name, has), number in found.items() if is_name == name and wanted <= has
    )


class Change:
    """How far counters moved between two pages."""

    def __init__(self, before: str, after: str) -> None:
        self._before, self._after = samples(before), samples(after)

    def __call__(self, name: str, **labels: str) -> float:
        """By how much."""
        name = f"audience_export_{name}"
        return value(self._after, name, **labels) - value(self._before, name, **labels)
