"""What it costs to start: CPU seconds of an API process until it is ready, of a worker until it idles.

    python -m benchmarks.starting [--against PATH]

PATH is a working tree of another version with its own `.venv`; both are started in turn.
"""

import argparse
import statistics
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import httpx

from benchmarks.stack import PRESENT, Stack, Tree, cost_of, free_port, running_stack

_TIMES = 5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--against", type=Path)
    asked = parser.parse_args()
    trees = {"now": PRESENT}
    if asked.against:
        root = asked.against.resolve()
        trees["then"] = Tree(root, str(root / ".venv" / "bin" / "python"))
    print("| version | API, CPU s until ready | worker, CPU s until idle |\n|---|---|---|")
    for name, tree in trees.items():
        with running_stack(tree=tree) as stack:
            apis = [api_start(stack) for _ in range(_TIMES)]
            workers = []
            for _ in range(_TIMES):
                with stack.worker() as process:
                    workers.append(cost_of(process.pid).cpu)
        print(
            f"| {name} | {statistics.median(apis):.2f} | {statistics.median(workers):.2f} |",
            flush=True,
        )


def api_start(stack: Stack) -> float:
    """CPU seconds of a further API process until it answers /readyz."""
    port = free_port()
    command = [stack.tree.python, "-m", "uvicorn", "app.main:create_app", "--factory"]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--log-level", "warning"],
        cwd=stack.tree.root,
        env=stack.environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            with suppress(httpx.TransportError):
                if httpx.get(f"http://127.0.0.1:{port}/readyz").is_success:
                    return cost_of(process.pid).cpu
            time.sleep(0.02)
        msg = "the API did not start"
        raise RuntimeError(msg)
    finally:
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    main()
