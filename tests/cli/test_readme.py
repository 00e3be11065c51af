"""The walk of the README runs as it is printed, on ports of its own."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from app.cli.local import free_port
from tests.cli.conftest import environment

ROOT = Path(__file__).parent.parent.parent


def test_the_walk_runs_as_it_is_printed(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text()
    walk = text[text.index("## Five minutes with curl") : text.index("## The tree")]
    first, second = re.findall(r"```sh\n(.*?)```", walk, re.DOTALL)
    # the environment is made already, and the ports of the README may be taken here
    lines = [line for line in first.splitlines() if not line.startswith("make install")]
    script = "\n".join(["set -e", *lines, second]).replace("kill %2 %1", "kill %2 %1; wait")
    for printed in ("8080", "8090"):
        script = script.replace(printed, str(free_port()))
    script = script.replace(
        "export AUDIENCE_EXPORT_API_KEY",
        "export AUDIENCE_EXPORT_URL=$PUBLIC_URL AUDIENCE_EXPORT_API_KEY",
    )
    binaries = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    with subprocess.Popen(
        ["bash", "-m", "-c", script],
        cwd=tmp_path,
        env=environment(tmp_path, {"PATH": binaries}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            said, problems = process.communicate(timeout=110)
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)
            raise
    assert process.returncode == 0, problems
    assert "succeeded_with_warnings" in said, problems
    assert '"received":2' in said.replace(" ", "")
