"""Under which account a server runs, because Postgres refuses to run as root.

    not root                     as ourselves
    root, user namespaces        as an unprivileged user of a namespace; files stay root's own
    root, no user namespaces     as `nobody`, who keeps the one right to enter root's folders
    root, folder of another user as that user, so that the owner can go on using the folder

The owner of the data folder is the record of the choice: a folder made in one way is opened in the
same way ever after.
"""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from app.embedded.binaries import EmbeddedUnavailable

NOBODY = 65534


@dataclass(frozen=True, slots=True)
class Account:
    """How to become it: words before the command, and the ids its files must belong to."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None  # None: files stay ours
    gid: int | None = None
    switch: bool = False  # become uid and gid when the process is made

    def own(self, path: Path) -> None:
        """Hand a file or folder of ours to this account."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def choose_account(data: Path, program: Path) -> Account:
    """The account for a server with that data folder (which need not exist) and program.

    Each candidate is tried on the program itself; raises EmbeddedUnavailable if none can run it.
    """
    owner, group = (data.stat().st_uid, data.stat().st_gid) if data.exists() else (None, None)
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise EmbeddedUnavailable(
                f"{data} belongs to another user (uid {owner}). "
                "Run as that user, or choose another folder with DATA_DIR.",
            )
        return Account()
    for account in _candidates(owner, group):
        if _runs(account, data.parent, program):
            return account
    raise EmbeddedUnavailable(
        f"Running as root, and no unprivileged account can run {program} with its data under "
        f"{data.parent}. Run as an ordinary user, or set DATABASE_URL and REDIS_URL.",
    )


def _candidates(owner: int | None, group: int | None) -> list[Account]:
    found = []
    if owner in (None, 0) and which("unshare"):
        found.append(Account(("unshare", "-U", "--map-user=1000", "--map-group=1000")))
    if owner != 0:
        uid = NOBODY if owner is None else owner
        gid = NOBODY if group is None else group
        if which("setpriv"):
            ids = (f"--reuid={uid}", f"--regid={gid}", "--clear-groups")
            # without it the account could not enter a virtual environment or data in root's home
            enter = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
            found.append(Account(("setpriv", *ids, *enter), uid, gid))
        found.append(Account((), uid, gid, switch=True))
    return found


def _runs(account: Account, folder: Path, program: Path) -> bool:
    """Whether the account can enter the folder and execute the program."""
    script = 'cd "$0" && exec "$1" --version'
    try:
        done = subprocess.run(  # noqa: S603 - our own words and paths
            [*account.prefix, "/bin/sh", "-c", script, str(folder), str(program)],
            check=False,
            capture_output=True,
            timeout=20,
            user=account.uid if account.switch else None,
            group=account.gid if account.switch else None,
            extra_groups=[] if account.switch else None,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
