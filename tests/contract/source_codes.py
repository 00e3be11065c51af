"""Every code that the source can put into an answer, a run, a check or a warning, found by walking it.

A code is what stands where a parameter, a field or a class attribute named `code` is given: by keyword, by
position, as a dictionary's "code", or behind a constant's name; and what stands in a row with a culprit.
"""

import ast
import functools
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
# the number in Meta's answers, the code of a sign-in, and the code of a country have the same name
_OTHERS = {"app/connections/facebook_login/routes.py", "app/access/session_routes.py"}
# methods whose `code` is no code of ours
_STATUSES = {"raw_problem"}

# arguments of errors that are no members of their documents: Meta's numbers go into `graph`
_OF_ALL = {"detail", "code", "culprit", "help_url", "graph_code", "graph_subcode", "fbtrace_id"}


@functools.cache
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


def source_codes() -> dict[str, set[str]]:
    """Each code with the files that name it."""
    return codes_of({
        str(path.relative_to(ROOT)): path.read_text("utf-8")
        for folder in ("app", "workers")
        for path in sorted((ROOT / folder).rglob("*.py"))
    })  # fmt: skip


def codes_of(texts: dict[str, str]) -> dict[str, set[str]]:
    """The same, for these files."""
    trees = {name: _parsed(text) for name, text in texts.items()}
    places, constants = _places(trees), _constants(trees)
    found: dict[str, set[str]] = defaultdict(set)
    for name, tree in trees.items():
        for node in ast.walk(tree):
            for value in _given(node, places):
                for code in _literals(value, constants):
                    if code and name not in _OTHERS:
                        found[code].add(name)
    return found


def _places(trees: dict[str, ast.Module]) -> dict[str, set[int]]:
    """Where `code` stands among the positional arguments of each function and class that has it."""
    places: dict[str, set[int]] = defaultdict(set)
    for tree in trees.values():
        for node in ast.walk(tree):
            names: list[str] = []
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names = [item.arg for item in node.args.posonlyargs + node.args.args]
                names = names[1:] if names[:1] == ["self"] else names
            elif isinstance(node, ast.ClassDef):
                names = [
                    item.target.id
                    for item in node.body
                    if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
                ]
            if "code" in names and isinstance(
                node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
            ):
                places[node.name].add(names.index("code"))
    return places


def _constants(trees: dict[str, ast.Module]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for tree in trees.values():
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                for target in node.targets:
                    if isinstance(target, ast.Name) and isinstance(node.value.value, str):
                        found[target.id].add(node.value.value)
    return found


def _given(node: ast.AST, places: dict[str, set[int]]) -> Iterator[ast.expr]:
    match node:
        case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called)):
            yield from (item.value for item in node.keywords if item.arg == "code")
            for place in places.get(called, ()):
                yield from node.args[place : place + 1]
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                match target, value:
                    case ((ast.Name(id="code") | ast.Attribute(attr="code")), _):
                        yield value
                    case ast.Name(id="codes"), ast.Dict():
                        yield from value.values
                    case ast.Tuple(elts=[_, ast.Name(id="code")]), ast.IfExp():
                        yield from (
                            way.elts[1]
                            for way in (value.body, value.orelse)
                            if isinstance(way, ast.Tuple)
                        )
        case ast.AnnAssign(target=ast.Name(id="code"), value=ast.expr() as value):
            yield value
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "code":
                    yield value
        case ast.Tuple(elts=[first, *_, ast.Attribute(value=ast.Name(id="Culprit"))]):
            yield first


def _literals(value: ast.expr, constants: dict[str, set[str]]) -> Iterator[str]:
    match value:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=one, orelse=other):
            yield from _literals(one, constants)
            yield from _literals(other, constants)
        case ast.BoolOp(values=values):
            for item in values:
                yield from _literals(item, constants)
        case ast.Call(func=ast.Attribute(attr="get"), args=[_, other]):
            yield from _literals(other, constants)
        case ast.Name(id=name) | ast.Attribute(attr=name) if name.isupper():
            yield from constants.get(name, ())


def statuses(texts: dict[str, str] | None = None) -> dict[str, set[int]]:
    """The HTTP statuses with which the source raises each code, as far as classes say them."""
    if texts is None:
        texts = {
            str(path): path.read_text("utf-8")
            for folder in ("app", "workers")
            for path in sorted((ROOT / folder).rglob("*.py"))
        }
    trees = {name: _parsed(text) for name, text in texts.items()}
    parents: dict[str, list[str]] = {}
    own: dict[str, dict[str, object]] = {}
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                parents[node.name] = [base.id for base in node.bases if isinstance(base, ast.Name)]
                own[node.name] = dict(_attributes(node))
    found: dict[str, set[int]] = defaultdict(set)
    for tree in trees.values():
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Name(id=name), keywords=keywords) if name in parents:
                    codes = [item.value for item in keywords if item.arg == "code"]
                case ast.ClassDef(name=name) if "code" in own[name]:
                    codes = [ast.Constant(own[name]["code"])]
                case _:
                    continue
            status = _inherited(name, parents, own)
            for value in codes:
                if status is not None:
                    for code in _literals(value, {}):
                        found[code].add(status)
    return found


def members() -> dict[str, set[str]]:
    """What errors of the service are given beside what all have, each with the files that do."""
    trees = {
        str(path.relative_to(ROOT)): _parsed(path.read_text("utf-8"))
        for folder in ("app", "workers")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "cli" not in path.parts
    }
    parents = {
        node.name: [base.id for base in node.bases if isinstance(base, ast.Name)]
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }

    def is_error(name: str) -> bool:
        return name == "AppError" or any(is_error(base) for base in parents.get(name, []))

    found: dict[str, set[str]] = defaultdict(set)
    for file, tree in trees.items():
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Name(id=name), keywords=keywords) if is_error(name):
                    given = [item.arg for item in keywords if item.arg]
                case ast.Assign(
                    targets=[
                        ast.Subscript(
                            value=ast.Attribute(attr="members"), slice=ast.Constant(value=str(word))
                        )
                    ]
                ):
                    given = [word]
                case _:
                    continue
            for word in set(given) - _OF_ALL:
                found[word].add(file)
    return found


def _attributes(node: ast.ClassDef) -> Iterator[tuple[str, object]]:
    for item in node.body:
        match item:
            case (
                ast.Assign(targets=[ast.Name(id="status" | "code" as name)], value=value)
                | ast.AnnAssign(target=ast.Name(id="status" | "code" as name), value=value)
            ) if isinstance(value, ast.Constant):
                yield name, value.value


def _inherited(
    name: str, parents: dict[str, list[str]], own: dict[str, dict[str, object]]
) -> int | None:
    if name not in parents:
        return None
    status = own[name].get("status")
    if isinstance(status, int):
        return status
    return next(
        (found for base in parents[name] if (found := _inherited(base, parents, own)) is not None),
        None,
    )
