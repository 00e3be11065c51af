"""Says of a field that no model knows which one was probably meant."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel

# more of them are no help
_TOLD = 25


def no_such_field(annotation: Any, place: Sequence[str | int]) -> str:
    """The sentence about the field at `place` (a path as pydantic gives it) of a body of this type."""
    *parents, name = place
    types = list(_members(annotation))
    for part in parents:
        types = [inner for outer in types for inner in _inside(outer, part)]
    known = sorted({field for one in types if _is_model(one) for field in one.model_fields})
    near = get_close_matches(str(name), known, 1, 0.6) or get_close_matches(
        str(name).lower(), known, 1, 0.6
    )
    if near:
        return f"there is no such field; did you mean {near[0]}?"
    told = f": there are {', '.join(known)}" if 0 < len(known) <= _TOLD else ""
    return f"there is no such field{told}"


def _inside(outer: Any, part: str | int) -> Iterator[Any]:
    """The types of what lies at `part`; a tag of a union names one of its members and goes no deeper."""
    if _is_model(outer):
        field = outer.model_fields.get(part)
        if field is not None:
            yield from _members(field.annotation)
        elif part in _tags(outer) or part == outer.__name__:
            yield outer
    elif get_origin(outer) in {list, dict, Mapping, Sequence}:
        yield from _members(get_args(outer)[-1])


def _tags(model: type[BaseModel]) -> Iterable[object]:
    for field in model.model_fields.values():
        if get_origin(field.annotation) is Literal:
            yield from get_args(field.annotation)


def _members(annotation: Any) -> Iterator[Any]:
    """The types that the annotation may stand for, without what is said beside them."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _members(get_args(annotation)[0])
    elif _is_model(annotation) or origin in {list, dict, Mapping, Sequence}:
        yield annotation
    else:
        for one in get_args(annotation):
            yield from _members(one)


def _is_model(one: Any) -> bool:
    return isinstance(one, type) and issubclass(one, BaseModel)
