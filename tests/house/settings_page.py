"""docs/settings.md from app/settings.py: `make docs`."""

import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import SecretStr

from app.settings import Settings

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "settings.md"
_HEAD = """# Settings

Generated from `app/settings.py` by `make docs`; a test fails when it is not current.

All are environment variables, the same for the API and the workers. Lists are separated by commas,
durations are seconds, sizes bytes, shares between 0 and 1. A setting that is missing or wrong ends the
process with one sentence that names it (never its value). `compose.yaml` hands every one of them on.
"""
_TAIL = """
## Of the command line

| name | default | meaning |
|---|---|---|
| `AUDIENCE_EXPORT_URL` | `http://127.0.0.1:8080` | the service that commands such as `runs start` speak to |
| `AUDIENCE_EXPORT_API_KEY` | none | the key they speak with |
| `NO_COLOR` | none | anything: no colours |
| `AUDIENCE_EXPORT_IMAGE` | set in the image | refuses the embedded servers |
"""


def default_of(name: str) -> str:
    """A setting's default as one would write it."""
    given = Settings.model_fields[name].get_default(call_default_factory=True)
    if isinstance(given, SecretStr):
        given = given.get_secret_value()
    if given in ("", (), {}):
        return "none"
    if isinstance(given, bool):
        return "`on`" if given else "`off`"
    return f"`{given:g}`" if isinstance(given, float) else f"`{given}`"


def chapters() -> Iterator[tuple[str, list[str]]]:
    """Heading and settings, in the order of the source."""
    source = (ROOT / "app" / "settings.py").read_text()
    body = source.partition("model_config =")[2].partition("@field_validator")[0]
    for part in body.split("\n    # ")[1:]:
        heading, _, rest = part.partition("\n")
        names = re.findall(r"^    ([a-z_]+): ", rest, re.MULTILINE)
        yield heading.partition(":")[0], [name for name in names if name in Settings.model_fields]


def page() -> str:
    """The whole page."""
    text = _HEAD
    for heading, names in chapters():
        text += f"\n## {heading[0].upper()}{heading[1:]}\n\n| name | default | meaning |\n|---|---|---|\n"
        for name in names:
            meaning = " ".join((Settings.model_fields[name].description or "").split())
            text += f"| `{name.upper()}` | {default_of(name)} | {meaning} |\n"
    return text + _TAIL


if __name__ == "__main__":
    PAGE.write_text(page())
