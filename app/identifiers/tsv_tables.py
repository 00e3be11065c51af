"""Reads the tables that rules go by: tab-separated files beside the module that needs them."""

from importlib.resources import files


def read_table(package: str, name: str) -> list[list[str]]:
    """The rows of a file of `package`, without the comments and the header at its top."""
    lines = files(package).joinpath(name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")][1:]
