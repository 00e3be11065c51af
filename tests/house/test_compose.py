"""compose.yaml is one that Compose takes; it hands every setting on, and with none reaches the sandbox only.

Compose itself is not here: its file is held to the schema of the Compose Specification (compose-spec.json,
Apache-2.0, as check-jsonschema carries it), and read by a reader that refuses what Compose's own refuses.
"""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from app.settings import Settings, read_settings

COMPOSE = Path(__file__).parents[2] / "compose.yaml"
OURS = ("migrate", "api", "worker")
_MINE = {
    "ENCRYPTION_KEYS": "bWluZSBtaW5lIG1pbmUgbWluZSBtaW5lIG1pbmUhISE=",
    "POSTGRES_PASSWORD": "mine",
}


def interpolated(text: str, given: dict[str, str]) -> str:
    """What Compose makes of a text: `$$`, `${A:-b}` and `${A:+b}`, one in another."""
    text = text.replace("$$", "\0")
    inner = re.compile(r"\$\{([A-Z_]+)(?:(:[-+])([^${}]*))?\}")

    def value(found: re.Match[str]) -> str:
        is_given = given.get(found[1], "")
        if found[2] == ":+":
            return found[3] if is_given else ""
        return is_given or found[3] or ""

    while (made := inner.sub(value, text)) != text:
        text = made
    return text.replace("\0", "$")


class Strict(yaml.SafeLoader):
    """Refuses a key that stands twice, as Compose does; PyYAML takes the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        own = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        twice = {key for key in own if own.count(key) > 1}
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"twice: {twice}", node.start_mark)
        return super().construct_mapping(node, deep)


def composed(**given: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(interpolated(COMPOSE.read_text(), given), Strict)
    return found


def services(**given: str) -> dict[str, Any]:
    found: dict[str, Any] = composed(**given)["services"]
    return found


@pytest.mark.parametrize("given", [{}, _MINE], ids=["nothing set", "secrets set"])
def test_compose_takes_the_file(given: dict[str, str]) -> None:
    schema = json.loads((Path(__file__).parent / "compose-spec.json").read_text())
    wrong = [
        f"{error.json_path}: {error.message}"
        for error in Draft202012Validator(schema).iter_errors(composed(**given))
    ]
    assert wrong == []


def test_a_key_that_stands_twice_is_refused() -> None:
    """Compose: `mapping key "A" already defined`."""
    with pytest.raises(yaml.YAMLError, match="twice"):
        yaml.load("environment:\n  A:\n  A:\n", Strict)


def started(tmp_path: Path, name: str, **given: str) -> subprocess.CompletedProcess[str]:
    """A service's own entry point, with a program in the service's place that shows its environment."""
    (tmp_path / "audience-export").write_text('#!/bin/sh\necho "words=$*"\nenv\n')
    (tmp_path / "audience-export").chmod(0o755)
    service = services(**given)[name]
    handed_on = {
        key: given.get(key) if value is None else str(value)
        for key, value in service["environment"].items()
    }
    return subprocess.run(
        [*service["entrypoint"], *service.get("command", ["serve"])],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        | {key: value for key, value in handed_on.items() if value is not None},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def settings_of(
    done: subprocess.CompletedProcess[str], monkeypatch: pytest.MonkeyPatch
) -> Settings:
    assert done.returncode == 0, done.stderr
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, mark, value in (line.partition("=") for line in done.stdout.splitlines()):
        if mark and name.lower() in Settings.model_fields:
            monkeypatch.setenv(name, value)
    return read_settings()


def test_every_setting_is_handed_on() -> None:
    for name in OURS:
        assert set(services()[name]["environment"]) == {
            one.upper() for one in Settings.model_fields
        }


def test_nothing_must_be_set_and_everything_is_bounded() -> None:
    assert not re.search(r"\$\{[A-Z_]+:?\?", COMPOSE.read_text())
    for name, service in services().items():
        assert service["mem_limit"], name
        assert service["pids_limit"], name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name


@pytest.mark.parametrize("name", OURS)
def test_without_a_variable_it_speaks_to_the_sandbox(name, tmp_path, monkeypatch) -> None:
    done = started(tmp_path, name)
    settings = settings_of(done, monkeypatch)
    assert settings.graph_api_url == "http://sandbox:8090"
    assert settings.bootstrap_api_key.get_secret_value() == "sandbox-administrator"
    assert settings.database_url == "postgresql+asyncpg://app:sandbox@postgres/audience_export"
    assert f"words={name.replace('api', 'serve')}" in done.stdout
    assert services()["postgres"]["environment"]["POSTGRES_PASSWORD"] == "sandbox"


def test_a_port_for_others_opens_with_no_known_key(tmp_path, monkeypatch) -> None:
    settings = settings_of(started(tmp_path, "api", PORT="0.0.0.0:8080"), monkeypatch)
    assert settings.bootstrap_api_key.get_secret_value() == ""


def test_with_secrets_of_its_own_it_is_left_alone(tmp_path, monkeypatch) -> None:
    done = started(tmp_path, "api", **_MINE, UPLOAD_CONCURRENCY="3")
    settings = settings_of(done, monkeypatch)
    assert settings.graph_api_url == "https://graph.facebook.com"
    assert settings.bootstrap_api_key.get_secret_value() == ""
    assert settings.encryption_keys[0].get_secret_value() == _MINE["ENCRYPTION_KEYS"]
    assert settings.database_url == "postgresql+asyncpg://app:mine@postgres/audience_export"
    assert settings.upload_concurrency == 3


def test_images_of_others_are_pinned_by_digest() -> None:
    """A tag is whatever its owner last pushed."""
    pinned = re.compile(r"[a-z/.-]+:[a-z0-9.-]+@sha256:[0-9a-f]{64}")
    named = {one["image"] for one in services().values()} - {"audience-export"}
    assert len(named) == 2
    dockerfile = (COMPOSE.parent / "Dockerfile").read_text()
    bases = set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE))
    assert bases == {"${PYTHON_IMAGE}"}
    named |= set(re.findall(r"^ARG PYTHON_IMAGE=(\S+)$", dockerfile, re.MULTILINE))
    assert len(named) == 3
    assert all(pinned.fullmatch(one) for one in named), named


@pytest.mark.parametrize(
    "given",
    [
        {"POSTGRES_PASSWORD": "mine"},
        {"ENCRYPTION_KEYS": _MINE["ENCRYPTION_KEYS"]},
        {"DATABASE_URL": "postgresql://elsewhere/db"},
        {"FACEBOOK_APP_ID": "42"},
        {"GRAPH_API_URL": "https://graph.facebook.com"},
    ],
)
def test_half_a_configuration_is_refused(given, tmp_path) -> None:
    done = started(tmp_path, "api", **given)
    assert done.returncode == 1
    assert "Set POSTGRES_PASSWORD" in done.stderr
    assert not done.stdout
