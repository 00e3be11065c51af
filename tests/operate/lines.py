"""Lines of a log, held to what docs/logs.md says of them."""

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import dropwhile
from pathlib import Path
from typing import Any

from tests.guide.pages import ROOT

Line = Mapping[str, Any]

# a run may have no error, a request no problem and nobody who is known
_MAY_LACK = {
    "request": {"caller", "role", "code", "culprit"},
    "run.ended": {"code", "culprit", "graph_code", "graph_subcode", "graph_fbtrace_id"},
}


def lines_of(*logs: Path) -> list[Line]:
    """Every line; one that is no JSON is a fault, but for what uvicorn says before there is an app."""
    return [
        json.loads(line)
        for log in logs
        for line in dropwhile(lambda text: text.startswith("INFO:  "), log.read_text().splitlines())
    ]


@cache
def documented(heading: str) -> frozenset[str]:
    """The fields of a chapter of docs/logs.md."""
    page = (ROOT / "docs" / "logs.md").read_text()
    chapter = page.partition(f"\n## {heading}")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`[^|]*`) \|", chapter, re.MULTILINE)
    found = frozenset(name for cell in cells for name in re.findall(r"`([a-z_]+)`", cell))
    assert found, heading
    return found


def check_fields(lines: Iterable[Line]) -> None:
    """Requests and ended runs say what is documented, all of it and nothing else."""
    common, seen = documented("In every line"), set()
    for line in lines:
        assert {"event", "level", "timestamp"} <= line.keys(), line
        event = line["event"]
        if event not in _MAY_LACK:
            continue
        seen.add(event)
        own = documented(f"`{event}`")
        assert line.keys() <= common | own, line
        assert own - _MAY_LACK[event] <= line.keys(), line
    assert seen == set(_MAY_LACK)
