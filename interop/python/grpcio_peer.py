"""A client and a server with grpcio: multi.proto over gRPC.

    grpcio_peer.py serve --fixture proto
    grpcio_peer.py call --addr HOST:PORT --transport grpc --service multi.v1.ServiceB \
        --method OnlyB --json '{"message": "hi"}'
    grpcio_peer.py reflect --addr HOST:PORT multi.v1.ServiceB
"""

import argparse
import json
import sys
import threading
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import json_format, message_factory
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

IDLS = Path(__file__).resolve().parent.parent / "idl"
# Longer than any answer takes.
PATIENCE = 120.0
COMPRESSIONS = {None: None, "gzip": grpc.Compression.Gzip}


def load() -> Any:
    """What multi.proto describes; grpcio-tools compiles it when it is asked for."""
    sys.path.insert(0, str(IDLS))
    return grpc.protos("multi.proto").DESCRIPTOR


# --- The server ---


def perform(context: Any, method: Any, message: str) -> str:
    """Does what the message of a request asks for and gives the message of the response."""
    verb, _, rest = message.partition(":")
    if verb == "sleep":
        return perform(context, method, sleep(context, method, rest))
    if verb in ("error", "typed"):
        fail(context, verb, rest)
    if verb == "meta":
        return received(context, rest)
    if verb == "back":
        key, _, value = rest.partition("=")
        context.send_initial_metadata((as_header(key, value),))
        return "ok"
    if verb == "trail":
        return trail(context, rest)
    if verb == "big":
        return "x" * int(rest)
    return f"{method.containing_service.name}/{method.name}: {message}"


def perform_item(context: Any, method: Any, message: str) -> str:
    """The same for the items of streams, which are echoed in another way."""
    verb, _, rest = message.partition(":")
    if verb == "sleep":
        return perform_item(context, method, sleep(context, method, rest))
    if verb in ("error", "typed"):
        fail(context, verb, rest)
    if verb in ("meta", "back", "trail"):
        return perform(context, method, message)
    return f"echo {message}"


def trail(context: Any, text: str) -> str:
    """Sets a trailer K=V."""
    key, _, value = text.partition("=")
    context.set_trailing_metadata((as_header(key, value),))
    return "ok"


def sleep(context: Any, method: Any, text: str) -> str:
    """Waits for MS of MS[:rest] and gives the rest, unless nobody waits for the answer any more."""
    milliseconds, _, rest = text.partition(":")
    gone = threading.Event()
    # What is to be done then tells calls apart.
    who = f"{method.containing_service.name}/{method.name} {rest}"
    print(f"asleep: {who}", file=sys.stderr, flush=True)
    if not context.add_callback(gone.set) or gone.wait(int(milliseconds) / 1000):
        print(f"given up: {who}", file=sys.stderr, flush=True)
        context.abort(grpc.StatusCode.CANCELLED, "given up")
    return rest


def fail(context: Any, verb: str, text: str) -> None:
    """Ends the call with an error."""
    if verb == "error":
        context.abort(grpc.StatusCode.UNKNOWN, text)
    number, _, text = text.partition(":")
    code = next(code for code in grpc.StatusCode if code.value[0] == int(number))
    context.abort(code, text)


def received(context: Any, key: str) -> str:
    """A transient or else persistent value of Kitex's metadata, or else a header."""
    metadata = dict(context.invocation_metadata())
    name = key.lower().replace("_", "-")
    for prefix in ("rpc-transit-", "rpc-persist-", ""):
        if (value := metadata.get(prefix + name)) is not None:
            return as_text(value)
    return "absent"


def as_text(value: str | bytes) -> str:
    """Binary values of the tests are texts, too."""
    return value.decode() if isinstance(value, bytes) else value


def as_header(key: str, value: str) -> tuple[str, str | bytes]:
    """A header, which is binary if its name says so."""
    return (key, value.encode() if key.endswith("-bin") else value)


def handler_of(method: Any) -> grpc.RpcMethodHandler:
    """The handler of a method, by what it streams."""
    output = message_factory.GetMessageClass(method.output_type)
    coding = {
        "request_deserializer": message_factory.GetMessageClass(method.input_type).FromString,
        "response_serializer": output.SerializeToString,
    }

    def bidirectional(requests: Iterator[Any], context: Any) -> Iterator[Any]:
        for request in requests:
            message = perform_item(context, method, request.message)
            yield output(number=request.number, message=message)

    def client(requests: Iterator[Any], context: Any) -> Any:
        messages = []
        for request in requests:
            perform_item(context, method, request.message)
            messages.append(request.message)
        return output(number=len(messages), message=",".join(messages))

    def server(request: Any, context: Any) -> Iterator[Any]:
        message = perform_item(context, method, request.message)
        for number in range(request.number):
            yield output(number=number, message=message)

    def unary(request: Any, context: Any) -> Any:
        if method.containing_service.name == "Streams":
            message = perform_item(context, method, request.message)
            return output(number=request.number, message=message)
        return output(message=perform(context, method, request.message))

    match (method.client_streaming, method.server_streaming):
        case (True, True):
            return grpc.stream_stream_rpc_method_handler(bidirectional, **coding)
        case (True, False):
            return grpc.stream_unary_rpc_method_handler(client, **coding)
        case (False, True):
            return grpc.unary_stream_rpc_method_handler(server, **coding)
    return grpc.unary_unary_rpc_method_handler(unary, **coding)


def serve(options: argparse.Namespace) -> None:
    """Serves until it is killed."""
    if options.fixture != "proto":
        sys.exit(f"no fixture {options.fixture}, only proto")
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
    for service in load().services_by_name.values():
        handlers = {method.name: handler_of(method) for method in service.methods}
        generic = grpc.method_handlers_generic_handler(service.full_name, handlers)
        server.add_generic_rpc_handlers((generic,))
    host, _, _ = options.addr.rpartition(":")
    port = server.add_insecure_port(options.addr)
    server.start()
    print(f"listening on {host}:{port}", flush=True)
    server.wait_for_termination()


# --- The client ---


def call(options: argparse.Namespace) -> None:
    """Makes the calls, a line each."""
    package, _, name = options.service.rpartition(".")
    file = load()
    assert package == file.package, f"no package {package}"
    method = file.services_by_name[name].methods_by_name[options.method]
    with grpc.insecure_channel(options.addr) as channel:
        for _ in range(options.count):
            print(json.dumps(call_once(channel, method, options)), flush=True)


def call_once(channel: grpc.Channel, method: Any, options: argparse.Namespace) -> dict[str, Any]:
    """One call and its line."""
    kind = {
        (False, False): channel.unary_unary,
        (False, True): channel.unary_stream,
        (True, False): channel.stream_unary,
        (True, True): channel.stream_stream,
    }[method.client_streaming, method.server_streaming]
    request_class = message_factory.GetMessageClass(method.input_type)
    callable_ = kind(
        f"/{method.containing_service.full_name}/{method.name}",
        request_serializer=request_class.SerializeToString,
        response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
    )
    given = options.json if isinstance(options.json, list) else [options.json]
    requests = [json_format.ParseDict(one, request_class()) for one in given]
    beside = {
        "timeout": options.timeout / 1000 if options.timeout else PATIENCE,
        "metadata": headers(options),
        "compression": COMPRESSIONS[options.compress],
    }
    try:
        request = iter(requests) if method.client_streaming else requests[0]
        if not (method.client_streaming or method.server_streaming):
            calling = callable_.future(request, **beside)
            give_up(calling, options.cancel)
            ok: Any = to_json(calling.result())
        elif method.server_streaming:
            calling = callable_(request, **beside)
            give_up(calling, options.cancel)
            ok = [to_json(answer) for answer in calling]
        else:
            calling = callable_.future(request, **beside)
            give_up(calling, options.cancel)
            ok = [to_json(calling.result())]
    except grpc.FutureCancelledError:
        return {"error": {"type": 1, "message": "cancelled"}}
    except grpc.RpcError as error:
        return failed(error)
    line = {"ok": ok}
    if back := {key: as_text(value) for key, value in calling.initial_metadata()}:
        line["back"] = back
    if options.trailers:
        line["trailers"] = {key: [as_text(value)] for key, value in calling.trailing_metadata()}
    return line


def to_json(message: Any) -> Any:
    """The canonical JSON of a message."""
    return json_format.MessageToDict(message)


def give_up(calling: Any, milliseconds: int) -> None:
    """Cancels a call later."""
    if milliseconds:
        threading.Timer(milliseconds / 1000, calling.cancel).start()


def headers(options: argparse.Namespace) -> list[tuple[str, str | bytes]]:
    """Kitex's metadata as headers, and headers of their own."""
    named = [("rpc-transit-", pair) for pair in options.transient]
    named += [("rpc-persist-", pair) for pair in options.persistent]
    found = [as_header(*pair.split("=", 1)) for pair in options.header]
    for prefix, pair in named:
        key, _, value = pair.partition("=")
        found.append((prefix + key.lower().replace("_", "-"), value))
    return found


def failed(error: Any) -> dict[str, Any]:
    """The line of a call without a result."""
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        return {"timeout": True}
    if error.code() is grpc.StatusCode.UNAVAILABLE:
        return {"transport_error": error.details()}
    return {"error": {"type": error.code().value[0], "message": error.details()}}


def reflect(options: argparse.Namespace) -> None:
    """Asks a server for its services, and for the methods of one, by the library's own client."""
    with grpc.insecure_channel(options.addr) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        service = DescriptorPool(database).FindServiceByName(options.service)
        methods = {
            method.name: f"{method.input_type.full_name} {method.output_type.full_name}"
            for method in service.methods
        }
        print(json.dumps({"services": sorted(database.get_services()), "methods": methods}))


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    serving = commands.add_parser("serve")
    serving.add_argument("--addr", default="127.0.0.1:0")
    serving.add_argument("--fixture", required=True)
    serving.set_defaults(run=serve)
    calling = commands.add_parser("call")
    calling.add_argument("--addr", required=True)
    calling.add_argument("--transport", choices=["grpc"], default="grpc")
    calling.add_argument("--service", required=True)
    calling.add_argument("--method", required=True)
    calling.add_argument("--json", type=json.loads, default={})
    calling.add_argument("--timeout", type=int, default=0, help="milliseconds")
    calling.add_argument("--cancel", type=int, default=0, help="milliseconds")
    calling.add_argument("--compress", choices=["gzip"])
    calling.add_argument("--trailers", action="store_true")
    calling.add_argument("--count", type=int, default=1)
    calling.add_argument("--transient", action="append", default=[], metavar="K=V")
    calling.add_argument("--persistent", action="append", default=[], metavar="K=V")
    calling.set_defaults(run=call)
    calling.add_argument("--header", action="append", default=[], metavar="K=V")
    reflecting = commands.add_parser("reflect")
    reflecting.add_argument("--addr", required=True)
    reflecting.add_argument("service")
    reflecting.set_defaults(run=reflect)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
