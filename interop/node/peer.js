// A client with Apache Thrift's library and the code that its compiler makes of the IDLs.
//
//   node peer.js call --addr HOST:PORT --transport framed --service ServiceB --method onlyB \
//       --json '{"req": {"message": "hi"}}'
"use strict";

const { parseArgs } = require("node:util");

const JsonBigInt = require("json-bigint")({ useNativeBigInt: true });
const thrift = require("thrift");

const { findFunction, findService, typeOf } = require("./schema.js");
const { Values } = require("./values.js");

const TRANSPORTS = {
  buffered: thrift.TBufferedTransport,
  framed: thrift.TFramedTransport,
};
// Longer than any answer takes. A server that says nothing must not stop the tests.
const PATIENCE = "120000";

async function main() {
  const { values: options } = parseArgs({
    args: process.argv.slice(3),
    options: {
      addr: { type: "string" },
      transport: { type: "string" },
      service: { type: "string" },
      method: { type: "string" },
      json: { type: "string", default: "{}" },
      // Without it names are SERVICE:METHOD, as multiplexed clients send them.
      "no-service-name": { type: "boolean", default: false },
      // Names another service.
      as: { type: "string" },
      timeout: { type: "string", default: PATIENCE },
      count: { type: "string", default: "1" },
      // There is no place for it in these transports.
      caller: { type: "string" },
    },
  });
  const count = Number(options.count);
  let connection;
  try {
    connection = await connect(options);
  } catch (error) {
    printLines(Array(count).fill(lost(error)));
    return;
  }
  const client = clientOf(connection, options);
  const lines = [];
  for (let call = 0; call < count; call++) {
    lines.push(await callOnce(client, connection, options));
  }
  printLines(lines);
  if (lines.some((line) => line.timeout)) {
    // An answer that comes too late is not waited for.
    connection.destroy();
  } else {
    // One-way calls are still to be sent.
    connection.end();
  }
}

function printLines(lines) {
  for (const line of lines) {
    console.log(JsonBigInt.stringify(line));
  }
}

function connect({ addr, transport }) {
  const [host, port] = addr.split(":");
  const connection = thrift.createConnection(host, Number(port), {
    transport: TRANSPORTS[transport],
    protocol: thrift.TBinaryProtocol,
  });
  return new Promise((resolve, reject) => {
    connection.once("connect", () => resolve(connection));
    connection.once("error", reject);
  });
}

/** The generated client, that names the service in the method's name unless it must not. */
function clientOf(connection, options) {
  const generated = require(`./gen/${options.service}.js`);
  if (options["no-service-name"]) {
    return thrift.createClient(generated, connection);
  }
  const name = options.as ?? options.service;
  return new thrift.Multiplexer().createClient(name, generated, connection);
}

/** Makes one call, and gives its line. */
async function callOnce(client, connection, options) {
  const service = findService(options.service);
  const described = findFunction(service, options.method);
  const values = new Values(service);
  const json = JsonBigInt.parse(options.json);
  const given = described.arguments.map((it) => values.fromJson(typeOf(it), json[it.name]));
  try {
    const calling = client[options.method](...given);
    const answer = await Promise.race([calling, ...failures(connection, options)]);
    return { ok: answer == null ? null : values.toJson(typeOf(described, "returnType"), answer) };
  } catch (error) {
    return failure(error, described, values);
  }
}

/** What may end a call instead of an answer. */
function failures(connection, { timeout }) {
  const event = (name, error) =>
    new Promise((_, reject) => connection.once(name, (reason) => reject(error ?? reason)));
  const tooLate = new Promise((_, reject) => {
    setTimeout(() => reject(new TimedOut()), Number(timeout)).unref();
  });
  return [tooLate, event("error"), event("close", new Error("the connection was closed"))];
}

class TimedOut extends Error {}

/** The line of a call that has no result. */
function failure(error, described, values) {
  if (error instanceof TimedOut) {
    return { timeout: true };
  }
  if (error instanceof thrift.Thrift.TApplicationException) {
    return { error: { type: error.type, message: error.message } };
  }
  const isThrown = ({ type }) => error instanceof values.classes[type.class];
  const thrown = described.exceptions.find(isThrown);
  if (thrown) {
    return { exception: { name: thrown.name, value: values.toJson(thrown.type, error) } };
  }
  return lost(error);
}

function lost(error) {
  return { transport_error: String(error?.message ?? error) };
}

if (process.argv[2] !== "call") {
  console.error("this peer is only a client: node peer.js call ...");
  process.exit(2);
}
main();
