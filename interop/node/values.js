// JSON of Thrift values, as every peer of the interop tests writes it.
"use strict";

const Int64 = require("node-int64");

const { typeOf } = require("./schema.js");

/** Translates values of one IDL. Integers of JSON are numbers, or BigInts if they are too large. */
class Values {
  constructor({ structs, classes }) {
    this.structs = structs;
    this.classes = classes;
  }

  /** The library's value for a JSON value. */
  fromJson(type, json) {
    switch (type.typeId) {
      case "i64":
        return int64(json);
      case "double":
        return Number(json);
      case "binary":
        return Buffer.from(json, "base64");
      case "list":
      case "set":
        return json.map((it) => this.fromJson(typeOf(type, "elemType"), it));
      case "map":
        // The generated code has objects for maps, and makes numbers of their keys.
        return mapObject(json, (it) => this.fromJson(typeOf(type, "valueType"), it));
      case "struct":
      case "union":
      case "exception": {
        const made = new this.classes[type.class]();
        for (const field of this.fieldsOf(type)) {
          if (json[field.name] !== undefined) {
            made[field.name] = this.fromJson(typeOf(field), json[field.name]);
          }
        }
        return made;
      }
      default:
        return json;
    }
  }

  /** The JSON value for the library's value. */
  toJson(type, value) {
    switch (type.typeId) {
      case "i64":
        return bigInt(value);
      case "double":
        return Number.isFinite(value) ? value : String(value);
      case "binary":
        return value.toString("base64");
      case "list":
      case "set":
        return value.map((it) => this.toJson(typeOf(type, "elemType"), it));
      case "map":
        return mapObject(value, (it) => this.toJson(typeOf(type, "valueType"), it));
      case "struct":
      case "union":
      case "exception": {
        const present = this.fieldsOf(type).filter(({ name }) => value[name] != null);
        return Object.fromEntries(
          present.map((field) => [field.name, this.toJson(typeOf(field), value[field.name])]),
        );
      }
      default:
        return value;
    }
  }

  fieldsOf(type) {
    return this.structs.find((it) => it.name === type.class).fields;
  }
}

function int64(number) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(number));
  return new Int64(bytes);
}

function bigInt(value) {
  return typeof value === "number" ? BigInt(value) : value.toBuffer().readBigInt64BE();
}

function mapObject(object, translate) {
  return Object.fromEntries(Object.entries(object).map(([key, it]) => [key, translate(it)]));
}

module.exports = { Values };
