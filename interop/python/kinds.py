"""JSON of Thrift values, as every peer of the interop tests writes it.

Each Thrift library describes types in its own way. A peer translates them to a `Kind`, and the
conversions here know nothing else.
"""

import base64
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Kind:
    """A Thrift type: its name, the kinds of its elements, the class of its values."""

    name: str
    elements: tuple["Kind", ...] = ()
    cls: type | None = None
    # Structs can contain themselves, so their fields are asked for when they are needed.
    fields: Callable[[], list[tuple[str, "Kind"]]] = field(default=list)


def to_python(kind: Kind, value: Any) -> Any:
    """The library's value for a JSON value."""
    match kind.name:
        case "double":
            return float(value)
        case "binary":
            return base64.b64decode(value)
        case "enum" if isinstance(value, str):
            return kind.cls._NAMES_TO_VALUES[value]
        case "list":
            return [to_python(kind.elements[0], element) for element in value]
        case "set":
            return {to_python(kind.elements[0], element) for element in value}
        case "map":
            keys, values = kind.elements
            pairs = value.items() if isinstance(value, dict) else value
            return {_key(keys, key): to_python(values, element) for key, element in pairs}
        case "struct":
            made = kind.cls()
            for name, of in kind.fields():
                if name in value:
                    setattr(made, name, to_python(of, value[name]))
            return made
        case _:
            return value


def to_json(kind: Kind, value: Any) -> Any:
    """The JSON value for the library's value."""
    match kind.name:
        case "double" if not math.isfinite(value):
            return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
        case "enum":
            return int(value)
        case "binary":
            return base64.b64encode(value).decode()
        case "list" | "set":
            return [to_json(kind.elements[0], element) for element in value]
        case "map":
            keys, values = kind.elements
            pairs = [(to_json(keys, key), to_json(values, of)) for key, of in value.items()]
            if keys.name in ("list", "set", "map", "struct", "binary"):
                return [list(pair) for pair in pairs]
            return {_key_text(key): of for key, of in pairs}
        case "struct":
            present = ((name, of, getattr(value, name)) for name, of in kind.fields())
            return {name: to_json(of, had) for name, of, had in present if had is not None}
        case _:
            return value


def _key(kind: Kind, key: Any) -> Any:
    """Keys of JSON objects are text, whatever the map's keys are."""
    match kind.name:
        case "int" | "enum" if isinstance(key, str) and key.lstrip("-").isdigit():
            return int(key)
        case "bool" if isinstance(key, str):
            return key == "true"
        case _:
            return to_python(kind, key)


def _key_text(key: Any) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)
