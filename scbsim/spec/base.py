"""A table of a spec: a frozen model that reports all its faults at once.

pydantic validates the keys one by one. Checks of several keys run on the valid keys, even if others
are faulty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError

from scbsim.errors import Fault, SpecError
from scbsim.spec.types import meant
from scbsim.util.text import show


class Unknown(Exception):
    """A key that a check reads is missing or faulty."""


class Values(dict[str, Any]):
    """The valid values of a table, defaults included; ``given`` has the keys that were typed."""

    given: frozenset[str] = frozenset()

    def __missing__(self, key: str) -> Any:
        raise Unknown(key)


Check = Callable[[Values], Iterator[Fault]]


class Table(BaseModel):
    """One table of a spec. All its faults are raised at once, as a `SpecError`."""

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
        """Return the keys as in TOML."""
        return tuple(field.alias or name for name, field in cls.model_fields.items())

    @classmethod
    def prepared(cls, data: Mapping[Any, Any]) -> dict[str, Any]:
        """Return the given table as a dict with the keys of TOML."""
        aliases = {name: field.alias or name for name, field in cls.model_fields.items()}
        keys = (k if isinstance(k, str) and k.isprintable() else show(k) for k in data)
        return {aliases.get(key, key): v for key, v in zip(keys, data.values(), strict=True)}

    @classmethod
    def sound(cls, given: Mapping[str, Any], wrong: Iterable[str]) -> Values:
        """Return the valid values, defaults included, without the keys in ``wrong``."""
        fields = {field.alias or name: field for name, field in cls.model_fields.items()}
        valid = Values({k: f.default for k, f in fields.items() if not f.is_required()})
        valid.update((k, v) for k, v in given.items() if k in fields)
        for key in wrong:
            valid.pop(key, None)
        valid.given = frozenset(k for k, v in given.items() if k in fields and v is not None)
        return valid

    def to_dict(self) -> dict[str, Any]:
        """Return the table as a dict with the keys of TOML; keys without a value are left out."""
        return self.model_dump(by_alias=True, exclude_none=True)


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


def _quoted(names: list[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)


def _hint(key: str, table: type[Table]) -> str:
    tables = sorted(Table.__subclasses__(), key=lambda other: other.place.strip("[]"))
    homes = [other.place for other in tables if key in other.key_names()]
    if homes:
        return f"it belongs in {' or '.join(homes)}"
    if like := meant(key, table.key_names()):
        return f"did you mean {_quoted(like)}?"
    for other in tables:
        if like := meant(key, other.key_names()):
            return f"did you mean {_quoted(like)}, in {other.place}?"
    return f"{table.place} takes {', '.join(table.key_names())}"
