"""The IDLs as thriftpy2 reads them, and its types as kinds."""

from pathlib import Path
from typing import Any

import thriftpy2
from thriftpy2.thrift import TType

from kinds import Kind

_IDL = Path(__file__).parent.parent / "idl"

MULTI = thriftpy2.load(str(_IDL / "multi.thrift"), "multi_thrift")
TYPES = thriftpy2.load(str(_IDL / "types.thrift"), "types_thrift")
COMBINE = thriftpy2.load(str(_IDL / "combine.thrift"), "combine_thrift")
SERVICES = {
    service.__name__: service
    for service in (
        MULTI.ServiceA,
        MULTI.ServiceB,
        MULTI.ServiceC,
        MULTI.ServiceD,
        TYPES.Types,
        COMBINE.CombineA,
        COMBINE.CombineB,
    )
}

_SCALARS = {
    TType.BOOL: "bool",
    TType.BYTE: "int",
    TType.I16: "int",
    TType.I32: "int",
    TType.I64: "int",
    TType.DOUBLE: "double",
    TType.STRING: "string",
    TType.BINARY: "binary",
}


def struct(cls: Any) -> Kind:
    """The kind of a struct, a union, an exception, arguments or a result."""
    return Kind("struct", cls=cls, fields=lambda: fields(cls))


def fields(cls: Any) -> list[tuple[str, Kind]]:
    """The fields in thriftpy2's description: type, name, what the type is of, required."""
    return [(spec[1], _kind(spec[0], *spec[2:-1])) for spec in cls.thrift_spec.values()]


def _kind(ttype: int, of: Any = None) -> Kind:
    match ttype:
        case TType.STRUCT:
            return struct(of)
        case TType.LIST:
            return Kind("list", (_element(of),))
        case TType.SET:
            return Kind("set", (_element(of),))
        case TType.MAP:
            return Kind("map", (_element(of[0]), _element(of[1])))
        case TType.I32 if of is not None:
            return Kind("enum", cls=of)
        case _:
            return Kind(_SCALARS[ttype])


def _element(of: Any) -> Kind:
    return _kind(*of) if isinstance(of, tuple) else _kind(of)
