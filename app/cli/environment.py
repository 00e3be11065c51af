"""The environment of the processes the command line starts; nothing else here touches it.

Settings are read by `app.settings`. What `serve` decides (addresses of embedded servers, keys it
keeps) reaches the API, the workers and the sandbox the way any deployment hands it over.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from app.errors import ConfigurationError

if TYPE_CHECKING:  # reading settings takes longer than most commands
    from app.settings import Settings


def read_settings() -> "Settings":
    """The settings; raises ConfigurationError naming the variables, never their values."""
    from app import settings  # noqa: PLC0415 - see above

    try:
        return settings.read_settings()
    except settings.SettingsError as error:
        raise ConfigurationError(str(error)) from None


def is_image() -> bool:
    """Whether this is the container image, which has no embedded servers."""
    return os.environ.get("AUDIENCE_EXPORT_IMAGE", "") not in ("", "0")


def is_set(name: str) -> bool:
    """Whether somebody gave that variable a value."""
    return bool(os.environ.get(name))


def hand_over(values: Mapping[str, str]) -> None:
    """Give this process and all its children these variables."""
    os.environ.update(values)


def extended(values: Mapping[str, str], *, without: tuple[str, ...] = ()) -> dict[str, str]:
    """A child's environment: ours with these variables, and without some."""
    kept = {name: value for name, value in os.environ.items() if name not in without}
    return kept | dict(values)


def value_of(name: str) -> str:
    """A variable's value, empty if nobody gave it one."""
    return os.environ.get(name, "")
