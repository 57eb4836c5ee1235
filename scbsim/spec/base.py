"""A table of a spec: frozen, and wrong in all its faults at once.

pydantic checks the keys one by one; checks that read several keys run too when some of them are
faulty, on those that are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError

from scbsim.errors import Fault, SpecError
from scbsim.spec.types import nearest
from scbsim.util.text import show


class Unknown(Exception):
    """A key that a check wants is missing or faulty."""


class Values(dict[str, Any]):
    """The sound values of a table, defaults included; ``given`` names those that were typed."""

    given: frozenset[str] = frozenset()

    def __missing__(self, key: str) -> Any:
        raise Unknown(key)


Check = Callable[[Values], Iterator[Fault]]


class Table(BaseModel):
    """One table of a spec. Every fault in it is raised at once, as a `SpecError`."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    place: ClassVar[str] = ""
    checks: ClassVar[tuple[Check, ...]] = ()

    def __init__(self, /, **data: Any) -> None:
        given = self.prepared(data)
        faults: list[Fault] = []
        try:
            super().__init__(**given)
        except ValidationError as error:
            faults += _faults_of(error, type(self))
        values = self.sound(given, {fault.key for fault in faults})
        for check in self.checks:
            try:
                faults += check(values)
            except Unknown:
                continue
        if faults:
            raise SpecError(faults)

    @classmethod
    def key_names(cls) -> tuple[str, ...]:
        """Return the keys as they stand in TOML."""
        return tuple(field.alias or name for name, field in cls.model_fields.items())

    @classmethod
    def prepared(cls, data: Mapping[Any, Any]) -> dict[str, Any]:
        """Return what was given as a dict with the keys of TOML."""
        aliases = {name: field.alias or name for name, field in cls.model_fields.items()}
        return {aliases.get(key := _key(typed), key): v for typed, v in data.items()}

    @classmethod
    def sound(cls, given: Mapping[str, Any], wrong: Iterable[str]) -> Values:
        """Return the values that hold, the defaults among them."""
        fields = {field.alias or name: field for name, field in cls.model_fields.items()}
        held = Values({k: f.default for k, f in fields.items() if not f.is_required()})
        held.update((k, v) for k, v in given.items() if k in fields)
        for key in wrong:
            held.pop(key, None)
        held.given = frozenset(k for k, v in given.items() if k in fields and v is not None)
        return held

    def plain(self) -> dict[str, Any]:
        """Return the table as a dict with the keys of TOML, without those that have no value."""
        return self.model_dump(by_alias=True, exclude_none=True)


def _key(typed: Any) -> str:
    return typed if isinstance(typed, str) and typed.isprintable() else show(typed)


def _faults_of(error: ValidationError, table: type[Table]) -> Iterator[Fault]:
    for found in error.errors(include_url=False):
        key = ".".join(str(part) for part in found["loc"])
        inner = found.get("ctx", {}).get("error")
        match found["type"]:
            case "value_error" if isinstance(inner, SpecError):
                yield from (Fault(f"{key}.{fault.key}", fault.problem) for fault in inner.faults)
            case "value_error":
                yield Fault(key, str(inner))
            case "extra_forbidden":
                yield Fault(key, f"unknown key; {_hint(key, table)}")
            case "missing":
                yield Fault(key, f"missing; {table.place} needs it")
            case "tuple_type":
                yield Fault(key, f"not a list of tables; each has its own [[{key}]] heading")
            case _:
                yield Fault(key, f"{show(found['input'])} is not a table")


def _hint(key: str, table: type[Table]) -> str:
    tables = Table.__subclasses__()
    homes = [other.place for other in tables if key in other.key_names()]
    if homes:
        return f"it belongs in {' or '.join(homes)}"
    if like := nearest(key, table.key_names()):
        return f"did you mean `{like}`?"
    for other in tables:
        if like := nearest(key, other.key_names()):
            return f"did you mean `{like}`, in {other.place}?"
    return f"{table.place} takes {', '.join(table.key_names())}"
