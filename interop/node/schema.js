// The IDLs as the Thrift compiler's `json` generator describes them. The generated JavaScript does
// not say what it reads and writes, so types come from here.
"use strict";

const IDLS = ["multi", "types", "combine"];

const services = new Map();
for (const idl of IDLS) {
  const { services: described, structs } = require(`./gen/${idl}.json`);
  const classes = require(`./gen/${idl}_types.js`);
  for (const service of described) {
    services.set(service.name, { ...service, structs, classes });
  }
}

/** A service: its name, its functions, and the structs and generated classes of its IDL. */
function findService(name) {
  const service = services.get(name);
  if (!service) {
    throw new Error(`no IDL has a service ${name}`);
  }
  return service;
}

/** A function of a service or of one that it extends. */
function findFunction(service, name) {
  const found = service.functions.find((it) => it.name === name);
  if (found || !service.extends) {
    return found;
  }
  return findFunction(findService(service.extends), name);
}

/** The type of a field, an element or a result; plain types have only an id. */
function typeOf(described, part = "type") {
  return described[part] ?? { typeId: described[`${part}Id`] };
}

module.exports = { findFunction, findService, typeOf };
