"""A client and a server with thriftpy2, which reads IDLs as they are."""

import argparse
from typing import Any

from thriftpy2.protocol import TBinaryProtocol, TBinaryProtocolFactory, TMultiplexedProtocol
from thriftpy2.server import TThreadedServer
from thriftpy2.thrift import TApplicationException, TClient, TException, TProcessor
from thriftpy2.transport import (
    TBufferedTransportFactory,
    TFramedTransportFactory,
    TServerSocket,
    TSocket,
    TTransportException,
)

import command
from handlers import Handlers, Library
from kinds import to_json, to_python
from thriftpy2_idl import MULTI, SERVICES, TYPES, fields, struct

TRANSPORTS = {"buffered": TBufferedTransportFactory(), "framed": TFramedTransportFactory()}
# Without names on the wire the first service that has the method serves it.
FIXTURES = {
    "single": ["ServiceA"],
    "multi": ["ServiceA", "ServiceB", "ServiceD", "Types"],
    "multi-b": ["ServiceB", "ServiceA", "ServiceD", "Types"],
}


def main() -> None:
    """Calls or serves."""
    args = command.parse(__doc__)
    if args.command == "serve":
        serve(args)
    else:
        call(args)


def call(args: argparse.Namespace) -> None:
    """Makes the calls on one connection."""
    service = SERVICES[args.service]
    try:
        client = connect(args, service)
    except TTransportException as error:
        refused = command.transport_error(error)
        command.print_calls(args.count, lambda: refused)
        return
    # The arguments are a struct, like any other.
    arguments = vars(to_python(struct(getattr(service, f"{args.method}_args")), args.json))
    command.print_calls(args.count, lambda: outcome(client, service, args.method, arguments))


def connect(args: argparse.Namespace, service: Any) -> TClient:
    """A client that names the service in the method's name, unless it must not."""
    host, port = args.addr
    socket = TSocket(host, port, socket_timeout=args.timeout, connect_timeout=command.PATIENCE)
    transport = TRANSPORTS[args.transport].get_transport(socket)
    protocol = TBinaryProtocol(transport)
    if not args.no_service_name:
        protocol = TMultiplexedProtocol(protocol, args.name or args.service)
    transport.open()
    return TClient(service, CheckedProtocol(protocol))


class CheckedProtocol(command.CheckedProtocol):
    """The same in thriftpy2's words."""

    def write_message_begin(self, name: str, kind: int, _seqid: int) -> None:
        self._protocol.write_message_begin(name, kind, self._next(name))

    def read_message_begin(self) -> tuple[str, int, int]:
        name, kind, seqid = self._protocol.read_message_begin()
        self._check(name, seqid)
        return name, kind, seqid


def outcome(client: TClient, service: Any, method: str, arguments: dict) -> command.Outcome:
    """Makes one call."""
    results = fields(getattr(service, f"{method}_result"))
    try:
        answer = getattr(client, method)(**arguments)
    except TApplicationException as error:
        return command.error(error.type, error.message)
    except TimeoutError:
        return command.TIMEOUT
    except (TTransportException, OSError, command.WrongReply) as error:
        return command.transport_error(error)
    except TException as exception:
        name, kind = next(field for field in results if field[1].cls is type(exception))
        return command.thrown(name, to_json(kind, exception))
    return command.ok(None if answer is None else to_json(dict(results)["success"], answer))


def serve(args: argparse.Namespace) -> None:
    """Serves until it is killed."""
    host, port = args.addr
    listener = TServerSocket(host=host, port=port, client_timeout=None)
    listener.listen()
    print("listening on {}:{}".format(*listener.sock.getsockname()), flush=True)
    # The server would listen once more, at another port.
    listener.listen = lambda: None
    TThreadedServer(
        Services(FIXTURES[args.fixture], args.transport),
        listener,
        itrans_factory=TRANSPORTS[args.transport],
        iprot_factory=TBinaryProtocolFactory(),
        daemon=True,
    ).serve()


class Services(TProcessor):
    """Several services behind one port, found by their methods."""

    def __init__(self, names: list[str], transport: str) -> None:
        library = Library(MULTI, TYPES, TApplicationException)
        self._services = [
            TProcessor(SERVICES[name], Handlers(library, name, transport)) for name in names
        ]

    def process_in(self, iprot: Any) -> tuple:
        head = iprot.read_message_begin()
        having = (it for it in self._services if head[0] in it._service.thrift_services)
        return next(having, self._services[0]).process_in(Begun(iprot, head))


class Begun:
    """A protocol whose message's head is already read."""

    def __init__(self, protocol: Any, head: tuple) -> None:
        self._protocol = protocol
        self._head = head

    def __getattr__(self, name: str) -> Any:
        return getattr(self._protocol, name)

    def read_message_begin(self) -> tuple:
        return self._head


if __name__ == "__main__":
    main()
