"""The command line of a peer, and the lines that calls print."""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

TRANSPORTS = ("buffered", "framed")
# Longer than any answer takes. A server that says nothing must not stop the tests.
PATIENCE = 120_000


@dataclass(frozen=True)
class Outcome:
    """What came of a call, as the one member of its line."""

    name: str
    value: Any

    def line(self) -> str:
        """The line to print."""
        return json.dumps({self.name: self.value})


def ok(value: Any) -> Outcome:
    """A result; nothing is `None`."""
    return Outcome("ok", value)


def thrown(name: str, value: Any) -> Outcome:
    """An exception of the IDL, by the name of its field in `throws`."""
    return Outcome("exception", {"name": name, "value": value})


def error(type_id: int, message: str) -> Outcome:
    """Thrift's application exception."""
    return Outcome("error", {"type": type_id, "message": message})


def transport_error(reason: object) -> Outcome:
    """No answer, or one that cannot be read."""
    return Outcome("transport_error", str(reason))


TIMEOUT = Outcome("timeout", True)


class WrongReply(Exception):
    """A reply to something else than was asked."""


class CheckedProtocol:
    """A protocol that numbers calls and looks at what replies are to.

    A reply has the method's own name and the number of its call. Clients in Python look at neither.
    """

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._sent = ("", 0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._protocol, name)

    def _next(self, name: str) -> int:
        number = self._sent[1] + 1
        self._sent = (name, number)
        return number

    def _check(self, name: str, number: int) -> None:
        if (name, number) != self._sent:
            raise WrongReply(f"called {self._sent}, the reply is to {(name, number)}")


def parse(description: str) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=description)
    commands = parser.add_subparsers(dest="command", required=True)

    call = commands.add_parser("call", help="calls a method and prints a JSON object a call")
    call.add_argument("--addr", required=True, type=_address)
    call.add_argument("--transport", required=True, choices=TRANSPORTS)
    call.add_argument("--service", required=True)
    call.add_argument("--method", required=True)
    call.add_argument("--json", default={}, type=json.loads)
    call.add_argument(
        "--no-service-name",
        action="store_true",
        help="send the method's name alone, not SERVICE:METHOD as multiplexed clients do",
    )
    call.add_argument("--as", dest="name", metavar="NAME", help="name the service like this")
    call.add_argument("--timeout", type=int, default=PATIENCE, help="milliseconds")
    call.add_argument("--count", type=int, default=1)
    call.add_argument("--caller", help="has no place in these transports")

    serve = commands.add_parser("serve", help="serves a fixture until it is killed")
    serve.add_argument("--addr", default=("127.0.0.1", 0), type=_address)
    serve.add_argument("--transport", required=True, choices=TRANSPORTS)
    serve.add_argument("--fixture", required=True)
    return parser.parse_args()


def _address(text: str) -> tuple[str, int]:
    host, port = text.rsplit(":", 1)
    return host, int(port)


def print_calls(count: int, call: Callable[[], Outcome]) -> None:
    """Makes the calls, a line each."""
    for _ in range(count):
        print(call().line(), flush=True)
