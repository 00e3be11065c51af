"""The console's JavaScript is checked against the API's document: what is misspelt there is found.

`make contract` installs the compiler and also checks the console as it is; without node this is skipped.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TSC = ROOT / "openapi" / "node_modules" / ".bin" / "tsc"
TYPES = ROOT / "openapi" / "console"

pytestmark = [
    pytest.mark.clients,
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        not (TSC.exists() and (TYPES / "schema.d.ts").exists()),
        reason="the compiler is not installed: run make contract, which needs node",
    ),
]

# file → what stands there, what somebody might write instead, and what is said of it
FAULTS = {
    "connections.js": ("one.shared_with.map", "one.shared_wiht.map", "'shared_wiht'"),
    "overview.js": ("one.exports > 0", "one.exprots > 0", "'exprots'"),
    "run.js": ("/v1/runs/${run.id}/cancel", "/v1/runs/${run.id}/cancle", "/cancle"),
    "admin.js": ("toISOString(), delivered}", "toISOString(), delivred: delivered}", "'delivred'"),
    "export.js": ("{limit: 60}", "{limits: 60}", "'limits'"),
}


def test_what_is_misspelt_is_found_and_nothing_else_is(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "app" / "console", tmp_path / "app" / "console")
    shutil.copytree(TYPES, tmp_path / "openapi" / "console")
    for name, (right, wrong, _) in FAULTS.items():
        path = tmp_path / "app" / "console" / name
        text = path.read_text()
        assert right in text, name
        path.write_text(text.replace(right, wrong, 1))
    checked = subprocess.run(
        [TSC, "--pretty", "false", "-p", tmp_path / "openapi" / "console"],
        capture_output=True,
        text=True,
        check=False,
    )
    found = [line for line in checked.stdout.splitlines() if ": error " in line]
    for name, (_, _, said) in FAULTS.items():
        assert any(name in line and said in line for line in found), (name, found)
    assert [line for line in found if not any(f"/{name}(" in line for name in FAULTS)] == []
