// A client and a server with grpc-js: multi.proto over gRPC.
//
//   node grpc_peer.js serve --fixture proto
//   node grpc_peer.js call --addr HOST:PORT --transport grpc --service multi.v1.ServiceB \
//       --method OnlyB --json '{"message": "hi"}'
"use strict";

const path = require("node:path");
const { setTimeout: wait } = require("node:timers/promises");
const { parseArgs } = require("node:util");

const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const IDL = path.join(__dirname, "..", "idl", "multi.proto");
// Longer than any answer takes.
const PATIENCE = "120000";

// Fields that are not set are left out, as in canonical JSON, and names are those of the IDL.
const packages = loader.loadSync(IDL, { keepCase: true });

/** An error of a handler as gRPC tells it. */
class Failure extends Error {
  constructor(code, text) {
    super(text);
    this.code = code;
    this.details = text;
  }
}

/** The message of a response, as the message of a request asks for it. */
async function perform(call, place, message) {
  const [verb, rest] = cut(message);
  switch (verb) {
    case "sleep":
      return perform(call, place, await sleep(call, place, rest));
    case "error":
    case "typed":
      throw failure(verb, rest);
    case "meta":
      return received(call, rest);
    case "back": {
      const [key, value] = cut(rest, "=");
      const metadata = new grpc.Metadata();
      setHeader(metadata, key, value);
      call.sendMetadata(metadata);
      return "ok";
    }
    case "trail":
      return trail(call, rest);
    case "big":
      return "x".repeat(Number(rest));
  }
  return `${place}: ${message}`;
}

/** The same for the items of streams, which are echoed in another way. */
async function performItem(call, place, message) {
  const [verb, rest] = cut(message);
  switch (verb) {
    case "sleep":
      return performItem(call, place, await sleep(call, place, rest));
    case "error":
    case "typed":
      throw failure(verb, rest);
    case "meta":
    case "back":
    case "trail":
      return perform(call, place, message);
  }
  return `echo ${message}`;
}

/** Sets a trailer K=V, which goes out with the end of the call. */
function trail(call, text) {
  call.trailers = new grpc.Metadata();
  setHeader(call.trailers, ...cut(text, "="));
  return "ok";
}

function cut(text, separator = ":") {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

/** Waits for MS of MS[:rest] and gives the rest, unless nobody waits for the answer any more. */
async function sleep(call, place, text) {
  const [milliseconds, rest] = cut(text);
  const gone = call.cancelled
    ? Promise.resolve(true)
    : new Promise((resolve) => call.once("cancelled", () => resolve(true)));
  // What is to be done then tells calls apart.
  const who = `${place} ${rest}`;
  console.error(`asleep: ${who}`);
  if (await Promise.race([wait(Number(milliseconds), false), gone])) {
    console.error(`given up: ${who}`);
    throw new Failure(grpc.status.CANCELLED, "given up");
  }
  return rest;
}

function failure(verb, text) {
  if (verb === "error") {
    return new Failure(grpc.status.UNKNOWN, text);
  }
  const [number, words] = cut(text);
  return new Failure(Number(number), words);
}

/** A transient or else persistent value of Kitex's metadata, or else a header. */
function received(call, key) {
  const name = key.toLowerCase().replaceAll("_", "-");
  const found = ["rpc-transit-", "rpc-persist-", ""].flatMap((it) => call.metadata.get(it + name));
  return String(found[0] ?? "absent");
}

/** Sets a header, which is binary if its name says so. */
function setHeader(metadata, key, value) {
  metadata.set(key, key.endsWith("-bin") ? Buffer.from(value) : value);
}

const number = (item) => item.number ?? 0;
const message = (item) => item.message ?? "";

/** The handler of a method, by what it streams. */
function handlerOf(place, method) {
  if (method.requestStream && method.responseStream) {
    return (call) =>
      streaming(call, async () => {
        await forEach(call, async (request) => {
          call.write({ number: number(request), message: await performItem(call, place, message(request)) });
        });
      });
  }
  if (method.requestStream) {
    return (call, answer) =>
      answering(call, answer, async () => {
        const messages = [];
        await forEach(call, async (request) => {
          await performItem(call, place, message(request));
          messages.push(message(request));
        });
        return { number: messages.length, message: messages.join(",") };
      });
  }
  if (method.responseStream) {
    return (call) =>
      streaming(call, async () => {
        const echo = await performItem(call, place, message(call.request));
        for (let count = 0; count < number(call.request); count++) {
          call.write({ number: count, message: echo });
        }
      });
  }
  return (call, answer) =>
    answering(call, answer, async () =>
      place.startsWith("Streams/")
        ? { number: number(call.request), message: await performItem(call, place, message(call.request)) }
        : { message: await perform(call, place, message(call.request)) },
    );
}

/** Does the work for one request after the other. A loop with await never ends when there is none. */
function forEach(call, work) {
  return new Promise((resolve, reject) => {
    let done = Promise.resolve();
    call.on("data", (request) => {
      done = done.then(() => work(request));
      done.catch(reject);
    });
    call.on("end", () => done.then(resolve, reject));
  });
}

async function streaming(call, work) {
  try {
    await work();
    call.end(call.trailers);
  } catch (error) {
    call.emit("error", error);
  }
}

async function answering(call, answer, work) {
  try {
    answer(null, await work(), call.trailers);
  } catch (error) {
    answer(error);
  }
}

function serve(options) {
  if (options.fixture !== "proto") {
    console.error(`no fixture ${options.fixture}, only proto`);
    process.exit(2);
  }
  const server = new grpc.Server();
  for (const [name, service] of Object.entries(packages)) {
    if (service.format) {
      continue; // a message
    }
    const bare = name.slice(name.lastIndexOf(".") + 1);
    const handlers = Object.entries(service).map(([method, described]) => [
      method,
      handlerOf(`${bare}/${method}`, described),
    ]);
    server.addService(service, Object.fromEntries(handlers));
  }
  const credentials = grpc.ServerCredentials.createInsecure();
  server.bindAsync(options.addr, credentials, (error, port) => {
    if (error) {
      throw error;
    }
    console.log(`listening on ${options.addr.split(":")[0]}:${port}`);
  });
}

async function calls(options) {
  const service = packages[options.service];
  const method = service[options.method];
  const compression = options.compress
    ? { "grpc.default_compression_algorithm": grpc.compressionAlgorithms[options.compress] }
    : {};
  const client = new grpc.Client(options.addr, grpc.credentials.createInsecure(), compression);
  for (let count = 0; count < Number(options.count); count++) {
    console.log(JSON.stringify(await callOnce(client, method, options)));
  }
  client.close();
}

/** Makes one call, and gives its line. */
async function callOnce(client, method, options) {
  const given = JSON.parse(options.json);
  const requests = Array.isArray(given) ? given : [given];
  const milliseconds = Number(options.timeout ?? PATIENCE);
  const beside = { deadline: new Date(Date.now() + milliseconds) };
  const coding = [method.path, method.requestSerialize, method.responseDeserialize];
  const metadata = headers(options);
  const back = {};
  let trailers = {};
  try {
    const ok = await new Promise((resolve, reject) => {
      const answer = (error, value) => (error ? reject(error) : resolve(value));
      let call;
      if (method.requestStream && method.responseStream) {
        call = client.makeBidiStreamRequest(...coding, metadata, beside);
      } else if (method.requestStream) {
        const one = (error, value) => answer(error, [value]);
        call = client.makeClientStreamRequest(...coding, metadata, beside, one);
      } else if (method.responseStream) {
        call = client.makeServerStreamRequest(...coding, requests[0], metadata, beside);
      } else {
        call = client.makeUnaryRequest(...coding, requests[0], metadata, beside, answer);
      }
      call.on("metadata", (came) => {
        for (const [key, value] of Object.entries(came.getMap())) {
          back[key] = String(value);
        }
      });
      call.on("status", (status) => {
        trailers = status.metadata.toJSON();
      });
      if (method.requestStream) {
        requests.forEach((request) => call.write(request));
        call.end();
      }
      if (method.responseStream) {
        const answers = [];
        call.on("data", (value) => answers.push(value));
        call.on("error", reject);
        call.on("end", () => resolve(answers));
      }
      if (options.cancel) {
        setTimeout(() => call.cancel(), Number(options.cancel));
      }
    });
    // What the transport itself says is no metadata.
    delete back["content-type"];
    delete back.date;
    const line = Object.keys(back).length > 0 ? { ok, back } : { ok };
    return options.trailers ? { ...line, trailers } : line;
  } catch (error) {
    return failed(error);
  }
}

/** Kitex's metadata as headers, and headers of their own. */
function headers({ transient, persistent, header }) {
  const metadata = new grpc.Metadata();
  for (const pair of header) {
    setHeader(metadata, ...cut(pair, "="));
  }
  for (const [prefix, pairs] of [["rpc-transit-", transient], ["rpc-persist-", persistent]]) {
    for (const pair of pairs) {
      const [key, value] = cut(pair, "=");
      metadata.set(prefix + key.toLowerCase().replaceAll("_", "-"), value);
    }
  }
  return metadata;
}

function failed(error) {
  switch (error.code) {
    case grpc.status.DEADLINE_EXCEEDED:
      return { timeout: true };
    case grpc.status.UNAVAILABLE:
      return { transport_error: error.details };
  }
  return { error: { type: error.code, message: error.details } };
}

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    addr: { type: "string", default: "127.0.0.1:0" },
    fixture: { type: "string" },
    transport: { type: "string", default: "grpc" },
    service: { type: "string" },
    method: { type: "string" },
    json: { type: "string", default: "{}" },
    timeout: { type: "string" },
    cancel: { type: "string" },
    compress: { type: "string" },
    trailers: { type: "boolean", default: false },
    count: { type: "string", default: "1" },
    transient: { type: "string", multiple: true, default: [] },
    persistent: { type: "string", multiple: true, default: [] },
    header: { type: "string", multiple: true, default: [] },
  },
});
if (process.argv[2] === "serve") {
  serve(options);
} else {
  calls(options);
}
