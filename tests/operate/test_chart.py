"""The chart renders with helm itself, holds to the schemas of Kubernetes, and can pass every setting on."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

from app.settings import Settings
from tests.guide.pages import ROOT

CHART = ROOT / "deploy" / "helm"
TOOLS = ROOT / ".data" / "tools"
HELM = shutil.which("helm") or shutil.which("helm", path=str(TOOLS))
# the newest is that of the tools; the other the oldest the chart says it supports
VERSIONS = ("1.27", "1.35")

# what the Secret holds: the chart refuses them among the settings
SECRET = {
    "DATABASE_URL", "REDIS_URL", "ENCRYPTION_KEYS", "FACEBOOK_APP_SECRET", "OIDC_CLIENT_SECRET",
    "BOOTSTRAP_API_KEY", "METRICS_KEY", "SEGMENT_DATABASES",
}  # fmt: skip
EVERYTHING = {
    "existingSecret": "keys",
    "persistence": {"enabled": True},
    "serviceAccount": {"annotations": {"cloud": "role"}},
    "imagePullSecrets": [{"name": "pull"}],
    "nodeSelector": {"pool": "exports"},
    "tolerations": [{"key": "exports", "operator": "Exists"}],
    "extraEnv": [{"name": "AWS_REGION", "value": "eu-central-1"}],
    "extraEnvFrom": [{"secretRef": {"name": "more"}}],
    "extraVolumes": [{"name": "segments", "emptyDir": {}}],
    "extraVolumeMounts": [{"name": "segments", "mountPath": "/segments", "readOnly": True}],
    "api": {"ingress": {"enabled": True, "className": "nginx", "hosts": [{"host": "export.example.com"}]}},
    "worker": {"autoscaling": {"enabled": True}},
    "monitoring": {
        "podMonitor": {"enabled": True},
        "prometheusRule": {"enabled": True, "runbookBase": "https://docs.example.com/"},
    },
}  # fmt: skip

needs_helm = pytest.mark.skipif(HELM is None, reason="helm is not here: make chart brings it")


def render(tmp_path: Path, **values: Any) -> list[dict[str, Any]]:
    """What helm makes of the chart."""
    assert HELM is not None
    file = tmp_path / "values.json"
    file.write_text(json.dumps(values))
    done = subprocess.run(
        [HELM, "template", "shop", str(CHART), "--values", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ValueError(done.stderr)
    return [item for item in yaml.safe_load_all(done.stdout) if item]


def of_kind(found: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [item for item in found if item["kind"] == kind]


def pods(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        item["spec"]["template"]["spec"] for item in found if item["kind"] in {"Deployment", "Job"}
    ]


@needs_helm
@pytest.mark.parametrize("values", [{"existingSecret": "keys"}, EVERYTHING], ids=["least", "all"])
def test_it_holds_to_the_schemas_of_kubernetes(
    tmp_path: Path, values: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(TOOLS / "python"))
    validate = pytest.importorskip("kubernetes_validate", reason="make chart brings it")
    found = render(tmp_path, **values)
    foreign = {"PodMonitor", "PrometheusRule", "ScaledObject"}
    checked = [item for item in found if item["kind"] not in foreign]
    assert len(checked) >= 9
    for item in checked:
        for version in VERSIONS:
            validate.validate(item, version, strict=True)
    with pytest.raises(validate.ValidationError):
        validate.validate({**checked[0], "spek": 1}, VERSIONS[0], strict=True)


@needs_helm
def test_the_image_may_be_named_by_its_digest(tmp_path: Path) -> None:
    digest = f"sha256:{'a' * 64}"
    found = render(tmp_path, existingSecret="keys", image={"digest": digest})
    images = {
        container["image"]
        for kind in ("Deployment", "Job")
        for made in of_kind(found, kind)
        for container in made["spec"]["template"]["spec"]["containers"]
    }
    assert len(images) == 1
    assert images.pop().endswith(f"@{digest}")


@needs_helm
def test_every_pod_is_read_only_and_nobodys(tmp_path: Path) -> None:
    found = render(tmp_path, **EVERYTHING)
    assert len(pods(found)) == 3
    for pod in pods(found):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == 10001  # of the Dockerfile
        assert pod["automountServiceAccountToken"] is False
        (container,) = pod["containers"]
        own = container["securityContext"]
        assert own["readOnlyRootFilesystem"] is True
        assert own["allowPrivilegeEscalation"] is False
        assert own["capabilities"] == {"drop": ["ALL"]}
        assert {"secretRef": {"name": "keys"}} in container["envFrom"]
        # the migration needs the same nodes, certificates and keys, and comes before all else of the chart
        assert {"secretRef": {"name": "more"}} in container["envFrom"]
        assert EVERYTHING["extraVolumeMounts"][0] in container["volumeMounts"]
        assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"]
        for name in ("nodeSelector", "tolerations"):
            assert pod[name] == EVERYTHING[name]
        assert EVERYTHING["extraVolumes"][0] in pod["volumes"]
        assert container["env"] == EVERYTHING["extraEnv"]
        assert container["resources"]["requests"]
    for pod in pods(found)[:2]:
        (container,) = pod["containers"]
        assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
        assert {"name": "data", "mountPath": "/data"} in container["volumeMounts"]
    api = next(pod for pod in pods(found) if pod["containers"][0]["name"] == "api")
    assert api["containers"][0]["readinessProbe"]["httpGet"]["path"] == "/readyz"


@needs_helm
def test_every_setting_can_be_passed_and_no_secret_stands_in_it(tmp_path: Path) -> None:
    names = {name.upper() for name in Settings.model_fields}
    secret = {
        name.upper()
        for name, field in Settings.model_fields.items()
        if field.annotation is SecretStr
    } | {"DATABASE_URL", "ENCRYPTION_KEYS", "SEGMENT_DATABASES"}
    assert secret == SECRET
    given = dict.fromkeys(names - SECRET, "1")
    (settings,) = of_kind(render(tmp_path, existingSecret="keys", settings=given), "ConfigMap")
    assert given.keys() <= settings["data"].keys()
    for name in SECRET:
        with pytest.raises(ValueError, match=name):
            render(tmp_path, existingSecret="keys", settings={name: "x"})
    with pytest.raises(ValueError, match="existingSecret"):
        render(tmp_path)


@needs_helm
def test_workers_are_scaled_by_the_queue(tmp_path: Path) -> None:
    """By either way; the deployment then says no number of its own."""
    for kind, made in (("external", "HorizontalPodAutoscaler"), ("keda", "ScaledObject")):
        worker = {"autoscaling": {"enabled": True, "kind": kind}}
        found = render(tmp_path, existingSecret="keys", worker=worker)
        (scaler,) = of_kind(found, made)
        assert "audience_export_queue_depth" in json.dumps(scaler)
        deployment = next(
            item
            for item in of_kind(found, "Deployment")
            if item["metadata"]["name"].endswith("-worker")
        )
        assert "replicas" not in deployment["spec"]
        name = scaler["spec"]["scaleTargetRef"]["name"]
        assert name == deployment["metadata"]["name"]


@needs_helm
def test_alerts_are_those_of_prometheus(tmp_path: Path) -> None:
    """The chart's copy is the file itself, with links that lead somewhere."""
    (rule,) = of_kind(render(tmp_path, **EVERYTHING), "PrometheusRule")
    text = (ROOT / "deploy" / "prometheus" / "alerts.yml").read_text()
    wanted = yaml.safe_load(
        text.replace("docs/runbook.md", "https://docs.example.com/docs/runbook.md")
    )
    assert rule["spec"] == wanted
