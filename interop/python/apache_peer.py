"""A client and a server with Apache Thrift, and the code that its compiler makes of the IDLs."""

import argparse
import importlib
import logging
import sys
from typing import Any

from thrift.protocol.TBinaryProtocol import TBinaryProtocol, TBinaryProtocolFactory
from thrift.protocol.TMultiplexedProtocol import TMultiplexedProtocol
from thrift.Thrift import TApplicationException, TException, TType
from thrift.server.TServer import TThreadedServer
from thrift.TMultiplexedProcessor import TMultiplexedProcessor
from thrift.transport.TSocket import TServerSocket, TSocket
from thrift.transport.TTransport import (
    TBufferedTransport,
    TBufferedTransportFactory,
    TFramedTransport,
    TFramedTransportFactory,
    TTransportException,
)

import command
from handlers import Handlers, Library
from kinds import Kind, to_json, to_python

TRANSPORTS = {"buffered": TBufferedTransport, "framed": TFramedTransport}
FACTORIES = {"buffered": TBufferedTransportFactory(), "framed": TFramedTransportFactory()}
# Who names no service reaches the first one.
FIXTURES = {"multi": ["ServiceA", "ServiceB", "ServiceD", "Types"]}
PACKAGES = {"Types": "interop_types", "CombineA": "combine", "CombineB": "combine"}
SCALARS = {
    TType.BOOL: "bool",
    TType.BYTE: "int",
    TType.I16: "int",
    TType.I32: "int",
    TType.I64: "int",
    TType.DOUBLE: "double",
}


def main() -> None:
    """Calls or serves."""
    args = command.parse(__doc__)
    if args.command == "serve":
        serve(args)
    else:
        call(args)


def generated(service: str) -> Any:
    """The module of a service."""
    return importlib.import_module(f"{PACKAGES.get(service, 'multi')}.{service}")


def call(args: argparse.Namespace) -> None:
    """Makes the calls on one connection."""
    module = generated(args.service)
    try:
        client = connect(args, module)
    except TTransportException as error:
        refused = command.transport_error(error)
        command.print_calls(args.count, lambda: refused)
        return
    arguments = to_python(struct(struct_of(client, f"{args.method}_args")), args.json)
    command.print_calls(args.count, lambda: outcome(client, args.method, vars(arguments)))


def connect(args: argparse.Namespace, module: Any) -> Any:
    """A client that names the service in the method's name, unless it must not."""
    host, port = args.addr
    socket = TSocket(host, port)
    socket.setTimeout(args.timeout)
    transport = TRANSPORTS[args.transport](socket)
    protocol = TBinaryProtocol(transport)
    if not args.no_service_name:
        protocol = TMultiplexedProtocol(protocol, args.name or args.service)
    transport.open()
    return module.Client(CheckedProtocol(protocol))


def serve(args: argparse.Namespace) -> None:
    """Serves until it is killed."""
    # It writes about every failure of a handler.
    logging.disable()
    library = Library(
        importlib.import_module("multi.ttypes"),
        importlib.import_module("interop_types.ttypes"),
        TApplicationException,
    )
    services = TMultiplexedProcessor()
    for name in FIXTURES[args.fixture]:
        processor = generated(name).Processor(Handlers(library, name, args.transport))
        services.registerProcessor(name, processor)
        if services.defaultProcessor is None:
            services.registerDefault(processor)
    host, port = args.addr
    listener = TServerSocket(host=host, port=port)
    listener.listen()
    print("listening on {}:{}".format(*listener.handle.getsockname()), flush=True)
    # The server would listen once more, at another port.
    listener.listen = lambda: None
    factory = FACTORIES[args.transport]
    TThreadedServer(services, listener, factory, TBinaryProtocolFactory(), daemon=True).serve()


class CheckedProtocol(command.CheckedProtocol):
    """The same in Apache's words."""

    def writeMessageBegin(self, name: str, kind: int, _seqid: int) -> None:
        self._protocol.writeMessageBegin(name, kind, self._next(name))

    def readMessageBegin(self) -> tuple[str, int, int]:
        name, kind, seqid = self._protocol.readMessageBegin()
        self._check(name, seqid)
        return name, kind, seqid


def outcome(client: Any, method: str, arguments: dict) -> command.Outcome:
    """Makes one call."""
    try:
        answer = getattr(client, method)(**arguments)
    except TApplicationException as error:
        return command.error(error.type, error.message)
    except TTransportException as error:
        timed_out = error.type == TTransportException.TIMED_OUT
        return command.TIMEOUT if timed_out else command.transport_error(error)
    except (OSError, command.WrongReply) as error:
        return command.transport_error(error)
    except TException as exception:
        name, kind = next(
            field for field in results(client, method) if field[1].cls is type(exception)
        )
        return command.thrown(name, to_json(kind, exception))
    # One-way calls have no result that could be described.
    return command.ok(
        None if answer is None else to_json(dict(results(client, method))["success"], answer)
    )


def results(client: Any, method: str) -> list[tuple[str, Kind]]:
    """What may come of a method."""
    return fields(struct_of(client, f"{method}_result"))


def struct_of(client: Any, name: str) -> Any:
    """The arguments and results of inherited methods are in the module of the parent's client."""
    modules = (sys.modules[cls.__module__] for cls in type(client).__mro__)
    return next(getattr(module, name) for module in modules if hasattr(module, name))


def struct(cls: Any) -> Kind:
    """The kind of a struct, a union, an exception, arguments or a result."""
    return Kind("struct", cls=cls, fields=lambda: fields(cls))


def fields(cls: Any) -> list[tuple[str, Kind]]:
    """The fields in Apache's description: number, type, name, what the type is of, default."""
    return [(spec[2], kind(spec[1], spec[3])) for spec in cls.thrift_spec if spec is not None]


def kind(ttype: int, of: Any) -> Kind:
    """A description of elements says type, what that is of, and whether it is immutable."""
    match ttype:
        case TType.STRUCT:
            return struct(of[0])
        case TType.LIST:
            return Kind("list", (kind(of[0], of[1]),))
        case TType.SET:
            return Kind("set", (kind(of[0], of[1]),))
        case TType.MAP:
            return Kind("map", (kind(of[0], of[1]), kind(of[2], of[3])))
        case TType.STRING:
            return Kind("binary" if of == "BINARY" else "string")
        case _:
            return Kind(SCALARS[ttype])


if __name__ == "__main__":
    main()
