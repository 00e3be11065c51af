"""docs/licences.md from the metadata of what is installed: `python -m tests.house.licences`.

Only what the service runs with is listed (requirements.lock); what it is built and tested with is not
passed on to anybody.
"""

import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "licences.md"
# licences under which the service may be passed on as it is; another one is looked at by a person first
ALLOWED = re.compile(
    r"MIT|MIT-0|MIT-CMU|BSD|Apache|ISC|PSF|Python|Unlicense|CC0|Zlib|MPL|Mozilla|PostgreSQL|0BSD|HPND"
)
_HEAD = """# Licences of what the service runs with

Generated from the packages' own metadata by `make licences`; a test fails when it is not current. Each
package comes with its licence's text in the image, in its `*.dist-info` folder.

| package | version | licence |
|---|---|---|
"""


def pinned() -> dict[str, str]:
    """Name → version, of every package of requirements.lock."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    found = (re.match(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", line) for line in lines)
    return {one[1]: one[2] for one in found if one is not None}


def licence_of(name: str) -> str | None:
    """What a package says of itself; None if it is not installed here (it may be for another Python)."""
    try:
        said = metadata(name)
    except PackageNotFoundError:
        return None
    if expression := said.get("License-Expression"):
        return str(expression)
    classifiers = [
        line.rpartition(" :: ")[2]
        for line in said.get_all("Classifier", [])
        if line.startswith("License :: ") and not line.endswith("OSI Approved")
    ]
    if classifiers:
        return " / ".join(sorted(set(classifiers)))
    words = (said.get("License") or "").strip().splitlines()
    return words[0][:80] if words else "unknown"


def rows() -> dict[str, str]:
    """Name → line of the table, as it is now; what is not for this system or Python is kept as it was."""
    found = listed()
    names = pinned()
    for name, version in names.items():
        if (licence := licence_of(name)) is not None:
            found[name] = f"| {name} | {version} | {licence} |"
    return {name: line for name, line in found.items() if name in names}


def listed() -> dict[str, str]:
    """Name → line of the table, as it is committed."""
    if not PAGE.exists():
        return {}
    lines = PAGE.read_text().splitlines()
    table = [line for line in lines if line.startswith("| ")][1:]
    return {line.split("|")[1].strip(): line for line in table}


if __name__ == "__main__":
    PAGE.write_text(_HEAD + "\n".join(line for _, line in sorted(rows().items())) + "\n")
