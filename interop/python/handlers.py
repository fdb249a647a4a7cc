"""The handlers of the servers, each as its IDL's fixture wants it."""

import re
import time
from dataclasses import dataclass
from typing import Any

_PRINTED = {"buffered": "PurePayload", "framed": "Framed"}


@dataclass(frozen=True)
class Library:
    """The classes that a library makes of the IDLs, and its application exception."""

    multi: Any
    types: Any
    application_exception: type


class Handlers:
    """Serves the methods of every service; which service they are of is said when it is made."""

    notified = 0

    def __init__(self, library: Library, service: str, transport: str) -> None:
        self._library = library
        self._service = service
        self._transport = _PRINTED[transport]

    def __getattr__(self, method: str) -> Any:
        """Every method that is not below takes a `Request` and gives a `Response`."""
        return lambda req: self._library.multi.Response(self._obey(method, req.message))

    def declines(self, req: Any) -> None:
        raise self._library.multi.Declined(7, req.message)

    def nothing(self) -> None:
        pass

    def notify(self, _req: Any) -> None:
        Handlers.notified += 1

    def add(self, left: int, right: int) -> int:
        return left + right

    def echo(self, value: Any) -> Any:
        if value.text == "broken":
            raise self._library.types.Broken("broken", value)
        return value

    def echoList(self, values: list) -> list:
        return values

    def echoMap(self, values: dict) -> dict:
        return values

    def echoColor(self, color: int) -> int:
        return color

    def _obey(self, method: str, message: str) -> str:
        """Does as the message says, as far as Framed and Buffered have a place for it."""
        while sleep := re.fullmatch(r"sleep:(\d+):?(.*)", message):
            time.sleep(int(sleep[1]) / 1000)
            message = sleep[2]
        word, _, rest = message.partition(":")
        match word:
            case "count" if method == "onlyA":
                return str(Handlers.notified)
            case "who":
                return f"{self._service}/{method} caller= transport={self._transport}"
            case "error" | "panic":
                raise RuntimeError(rest)
            case "typed":
                number, _, text = rest.partition(":")
                raise self._library.application_exception(int(number), text)
            case "big":
                return "x" * int(rest)
            case _:
                return f"{self._service}/{method}: {message}"
