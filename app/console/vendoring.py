"""`python -m app.console.vendoring FOLDER`: one script out of the packages that the console stands on.

FOLDER holds what `npm pack` gave (preact, htm, @preact/signals, @preact/signals-core, at the versions
below). Each module becomes a function that is given what it imports, so that a browser fetches one file
and no import map is needed; the code itself stays as its authors published it, with their licences.
"""

import hashlib
import re
import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).parent / "vendor"

# as the registry names their contents (sha512, hex)
PACKAGES = {
    "preact-11.2.0.tgz": (
        "fc77c723fecdf387ba1ab581277276f34cf798b6912620dc4af8ff03ecbfe006"
        "cb9cd0ffd549461ded6c47aa18b931b021dd273fb76a0d4f4e9cbc4c3d9ef106"
    ),
    "preact-signals-core-1.14.5.tgz": (
        "bdc46fec8b72cf925599e895a8896e2c5cd3fcf0d2fc09611d4a70dff6945aa7"
        "1552ce9b0c620f5c4ffa4520b87af04d598be79e2a338394b27e3df76a5de092"
    ),
    "preact-signals-2.11.4.tgz": (
        "45bfb944fa3d81649a1edcc979aba11f1882f0a3ff205d8310f9073c43863a7b"
        "b2db09c9cd1ab278b45a9e450261de800eab714ba1a7586bfa21edf8dddf1a63"
    ),
    "htm-3.1.1.tgz": (
        "f7cdd5ca0f0dc1413b26467a3663aaa4267eb21d5b2afda2613954933956980e"
        "490f669c2a8c5de0a5716cc9b15fff399ad7dd9c399316834a720e43180bf135"
    ),
}
# in the order of their imports: name, package, file, what it is called here
MODULES = (
    ("preact", "preact-11.2.0.tgz", "dist/preact.mjs"),
    ("preact/hooks", "preact-11.2.0.tgz", "hooks/dist/hooks.mjs"),
    ("@preact/signals-core", "preact-signals-core-1.14.5.tgz", "dist/signals-core.mjs"),
    ("@preact/signals", "preact-signals-2.11.4.tgz", "dist/signals.mjs"),
    ("htm", "htm-3.1.1.tgz", "dist/htm.mjs"),
)
# what the console uses
WANTED = {
    "preact": ("h", "render", "Fragment", "Component"),
    "preact/hooks": ("useEffect", "useLayoutEffect", "useMemo", "useRef", "useState", "useId"),
    "@preact/signals": ("signal", "computed", "effect", "batch", "useSignal", "useComputed"),
}

_IMPORT = re.compile(r'import\{([^}]*)\}from"([^"]+)";?')
_EXPORT = re.compile(r'export\{([^}]*)\}(?:from"([^"]+)")?;?')
_DEFAULT = re.compile(r"export default ")
_MAP = re.compile(r"\n?//# sourceMappingURL=\S*")


def main(folder: Path) -> None:
    """Write `vendor/preact.js` and `vendor/LICENSES.txt`. Raises `ValueError` for other packages."""
    licences, lines = (
        [],
        ["// Made by app/console/vendoring.py; licences: LICENSES.txt", "const vendored={};"],
    )
    for name, digest in PACKAGES.items():
        found = hashlib.sha512((folder / name).read_bytes()).hexdigest()
        if found != digest:
            msg = f"{name} is another one: sha512 {found}"
            raise ValueError(msg)
        licences.append(f"== {name}\n\n{_read(folder / name, 'LICENSE')}")
    for name, package, path in MODULES:
        lines.append(
            f'vendored["{name}"]=(()=>{{{_as_function(_read(folder / package, path))}}})();'
        )
    for name, wanted in WANTED.items():
        lines.append(f'export const{{{",".join(wanted)}}}=vendored["{name}"];')
    lines.append('export const html=vendored["htm"].default.bind(h);')
    (HERE / "preact.js").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (HERE / "LICENSES.txt").write_text("\n".join(licences), encoding="utf-8")


def _as_function(code: str) -> str:
    code = _MAP.sub("", code).strip()
    given: list[str] = []

    def imported(found: re.Match[str]) -> str:
        return f'const{{{_renamed(found[1])}}}=vendored["{found[2]}"];'

    def exported(found: re.Match[str]) -> str:
        if found[2] is not None:
            given.append(f'...vendored["{found[2]}"]')
        else:
            given.extend(_turned(found[1]))
        return ""

    code = _IMPORT.sub(imported, code)
    code = _EXPORT.sub(exported, code)
    code = _DEFAULT.sub("const ownDefault=", code)
    if "ownDefault" in code:
        given.append("default:ownDefault")
    return f"{code.rstrip(';')};return{{{','.join(given)}}}"


def _renamed(names: str) -> str:
    """`a as b` of an import is `a:b` of a pattern."""
    return ",".join(one.strip().replace(" as ", ":") for one in names.split(","))


def _turned(names: str) -> list[str]:
    """`a as b` of an export is the property `b:a`."""
    parts = [one.strip().partition(" as ") for one in names.split(",")]
    return [f"{public or own}:{own}" for own, _, public in parts]


def _read(package: Path, path: str) -> str:
    with tarfile.open(package) as archive:
        file = archive.extractfile(f"package/{path}")
        assert file is not None
        return file.read().decode()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
