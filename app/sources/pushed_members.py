"""Members that were pushed, read back as the hashes that were kept of them."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from app.errors import AppError, Culprit, SourceError
from app.sources import errors
from app.sources.access import SourceAccess
from app.sources.malformed_rows import Losses
from app.sources.member_source import Attribute, KeptMembers

_NAME = "The pushed members"
_LOST = frozenset({"snapshot-missing", "snapshot-corrupt"})


@dataclass(frozen=True, slots=True)
class PushedSource:
    """A `MemberSource` whose columns are named by Meta's keys.

    `manifest` is None until members are pushed; `keys` are the keys that may be mapped.
    """

    keys: Sequence[str]
    manifest: Mapping[str, Any] | None
    kept: KeptMembers = field(repr=False)

    def attributes(self) -> list[Attribute]:
        """The keys that were pushed; plain ones are text, the others hashes."""
        columns = set() if self.manifest is None else set(_texts(self.manifest))
        return [Attribute(key, "string" if key in columns else "binary") for key in self.keys]

    def count(self) -> int:
        """All members, also those that are alike."""
        return 0 if self.manifest is None else int(self.manifest["staged"])

    def shape(self) -> None:
        """It is no text."""

    def fingerprint(self) -> str:
        """Changes with every push."""
        text = "" if self.manifest is None else str(self.manifest["prefix"])
        return hashlib.sha256(text.encode()).hexdigest()

    def chunks(
        self,
        columns: Sequence[str],
        *,
        rows: int = 100_000,
        losses: Losses | None = None,  # noqa: ARG002 - all of them can be read
    ) -> Iterator[pl.DataFrame]:
        """Hashed columns as Binary of 32 bytes, plain ones as String.

        Raises `attribute-missing`, `members-lost`, and lets a storage that is away pass.
        """
        if self.manifest is None or not self.manifest["staged"]:
            return
        there = {name for group in self.manifest["groups"] for name in group["schema"]}
        if missing := [name for name in columns if name not in there]:
            raise SourceError(
                f"{_NAME} have no column {', '.join(missing)}. Push them with it, or take it out of "
                "the export's mapping.",
                code="attribute-missing",
                attributes=missing,
            )
        try:
            yield from self.kept.frames(self.manifest, columns, rows=rows)
        except AppError as error:
            if error.code not in _LOST:
                raise
            raise SourceError(
                f"{_NAME} are lost or damaged in the snapshot storage; push them again.",
                code="members-lost",
                culprit=Culprit.SYSTEM,
            ) from None


def open_pushed(source: Mapping[str, Any], access: SourceAccess) -> PushedSource:
    """What a segment holds of pushed members. Raises `source-invalid`."""
    if access.kept is None:
        raise errors.invalid("Pushed members cannot be read here: no snapshot storage is open.")
    return PushedSource(tuple(source.get("keys") or ()), source.get("manifest"), access.kept)


def _texts(manifest: Mapping[str, Any]) -> Iterator[str]:
    for group in manifest["groups"]:
        for name, form in zip(group["schema"], group["forms"], strict=True):
            if form.startswith("text"):
                yield name
