"""Schemathesis with every check it has, over the document as it is served: its own phases, nothing left out.

The short form asks about every sixteenth operation; tests/contract asks about all of them, with fewer checks.

Two things of its defaults are other here. What fits a schema may still be refused: a reference to what is not
there (422), a version that is not the present one (412), a cursor or tag of somebody else's making (400). And
no `default` answers for a status that is not listed: it is taken out of the document first.
"""

import copy
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import LONG, api_document
from tests.contract.conftest import Served, served  # noqa: F401 - a fixture

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(3600)]

CASES = 10
REFUSED = ["400", "401", "403", "404", "409", "412", "422", "429"]
CONFIGURATION = f"""
[checks]
positive_data_acceptance.expected-statuses = {json.dumps(["2xx", "3xx", *REFUSED])}
negative_data_rejection.expected-statuses = {json.dumps([*REFUSED, "405", "413", "415", "431"])}
[parameters]
"""
# members are lines, and no JSON
HOOKS = """
import schemathesis

@schemathesis.serializer("application/x-ndjson", "application/vnd.apache.parquet")
def lines(context, value):
    return value if isinstance(value, bytes) else str(value).encode()
"""


def test_every_check_of_schemathesis_passes(served: Served, tmp_path: Path) -> None:  # noqa: F811
    document = copy.deepcopy(api_document())
    operations = [each for methods in document["paths"].values() for each in methods.items()]
    for _, operation in operations:
        del operation["responses"]["default"]
    # what removes would leave nothing to ask for; tests/contract asks for it, last
    asked = [operation["operationId"] for way, operation in operations if way != "delete"]
    # the type of a stream is that of its events' data, which it takes for that of the events
    asked = [name for name in asked if name not in {"follow_run", "follow_active_runs"}]
    asked = asked if LONG else asked[::16]
    (tmp_path / "document.json").write_text(json.dumps(document))
    pinned = "".join(f'"path.{word}" = "{value}"\n' for word, value in served.ids.items())
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION + pinned)
    (tmp_path / "hooks.py").write_text(HOOKS)
    key = served.credentials["administrator"]
    done = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            *("--config-file", "schemathesis.toml", "run", "document.json", "--url", served.url),
            *("-H", f"Authorization: Bearer {key}", "--checks", "all", "--continue-on-failure"),
            *("--phases", "examples,coverage,fuzzing,stateful", "--max-examples", str(CASES)),
            *(word for name in asked for word in ("--include-operation-id", name)),
            *("--no-color", "--request-timeout", "60", "--warnings", "off", "--seed", "1"),
        ],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    (cases,) = re.findall(r"([0-9,]+) generated", done.stdout)
    assert int(cases.replace(",", "")) > 12 * len(asked), done.stdout[-2_000:]
    print(done.stdout[-800:])
