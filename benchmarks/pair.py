"""One commit against an earlier one on the same machine in the same minutes: A B A B, and the ratios.

    python -m benchmarks.pair [--quick] [--times N] [--tree CHECKOUT]

Nobody needs to believe an absolute figure, nor the machine that it came from. The earlier commit gets
a worktree and an environment of its own under `.data`, which are kept; both are measured by the present
benchmarks and send to the present sink. RESULTS.md gets the table of the last pairing.
"""

import argparse
import statistics
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import members
from benchmarks.report import Table, replace_tables
from benchmarks.stack import ROOT, Measured, Stack, Tree, running_stack

EARLIER = "bab2e91e9656fab2f584d151230283e53bb61c2a"
_SHORT = EARLIER[:7]
_EMAIL = {"EMAIL": "email"}
TITLE = f"Against commit {_SHORT}, A B A B in one run"


class NoHistory(Exception):
    """The clone does not hold the earlier commit: a shallow one, or an archive."""


def earlier_tree() -> Tree:
    """The earlier commit, checked out and installed. Raises `NoHistory`."""
    folder = ROOT / ".data" / f"before-{_SHORT}"
    if not (folder / ".git").exists():
        known = _git("cat-file", "-e", f"{EARLIER}^{{commit}}", check=False)
        if known.returncode:
            raise NoHistory
        _git("worktree", "prune")
        _git("worktree", "add", "--quiet", "--force", "--detach", str(folder), EARLIER)
    subprocess.run(["make", "--silent", "-C", str(folder), "install"], check=True)
    return Tree(folder, str(folder / ".venv" / "bin" / "python"))


def pairing(earlier: Tree, *, rows: Sequence[tuple[str, int]], times: int) -> Table:
    """Run each kind of members `times` times on either commit, in turns."""
    lines = []
    with (
        running_stack(members.DATA, tree=earlier) as before,
        running_stack(members.DATA) as now,
    ):
        for kind, count in rows:
            exports = [(stack, _export(stack, kind, count)) for stack in (before, now)]
            found: tuple[list[Measured], list[Measured]] = ([], [])
            for _ in range(times):
                for (stack, export), runs in zip(exports, found, strict=True):
                    measured = stack.run(kind, export)
                    runs.append(measured)
                    print(
                        f"  {_SHORT if stack is before else 'now    '} {kind} {count:,}: "
                        f"{measured.worker.cpu:.2f} CPU s, {measured.seconds:.2f} s",
                        flush=True,
                    )
            lines.append(_line(kind, count, *found))
    return Table(
        TITLE,
        (
            *("what", "worker CPU s, then", "now", "ratio", "seconds, then", "now", "ratio"),
            *("peak MB, then", "now"),
        ),
        lines,
    )


def _export(stack: Stack, kind: str, count: int) -> str:
    source = {"kind": "file", "url": str(members.file_of(kind, count))}
    return stack.export_of(source, _EMAIL if kind == "email" else members.ALL_ATTRIBUTES)


def _line(
    kind: str, count: int, before: Sequence[Measured], now: Sequence[Measured]
) -> tuple[str, ...]:
    def both(value: Callable[[Measured], float], digits: int) -> list[str]:
        middles = [statistics.median(map(value, runs)) for runs in (before, now)]
        return [*(f"{middle:,.{digits}f}" for middle in middles), f"{middles[1] / middles[0]:.2f}"]

    name = "e-mail" if kind == "email" else "12 columns"
    peaks = both(lambda run: run.worker.peak_mb, 0)[:2]
    return (
        f"{name}, {count / 1_000_000:g} M, medians of {len(now)}",
        *both(lambda run: run.worker.cpu, 2),
        *both(lambda run: run.seconds, 2),
        *peaks,
    )


def paired(*, quick: bool, times: int = 3, tree: Path | None = None) -> Table | None:
    """The table; None, and a word on the terminal, where the earlier commit is not to be had."""
    try:
        earlier = Tree(tree, str(tree / ".venv/bin/python")) if tree else earlier_tree()
    except NoHistory:
        print(f"  no pairing: this clone does not hold commit {_SHORT} (git fetch --unshallow)")
        return None
    million = 1_000_000
    rows = [("email", 3 * million if quick else 10 * million)]
    rows += [("all", million if quick else 10 * million)]
    return pairing(earlier, rows=rows, times=times)


def _git(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["git", "-C", str(ROOT), *arguments], check=check, stderr=subprocess.PIPE)


def main() -> None:
    """Pair, print, and put the table into RESULTS.md."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--tree", type=Path, help="a checkout that is installed already")
    options = parser.parse_args()
    table = paired(quick=options.quick, times=options.times, tree=options.tree)
    if table is not None:
        replace_tables([table])


if __name__ == "__main__":
    main()
