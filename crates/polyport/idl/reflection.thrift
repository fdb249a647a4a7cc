/*
 * Reflection over Thrift: a server tells which services it has, what their messages are made of, and
 * where a call would go.
 *
 * Any server can implement it; Polyport's do by `Server::reflection`. It is reached by the name of the
 * service, over every transport: in a TTHeader, in the path of HTTP/2, and on Buffered and Framed as
 * Apache's multiplexed protocol writes it, `ThriftReflection:reflectServices`. The methods have names
 * that no other service is likely to have, because many servers go by the method alone when they do
 * not know the service: who asks a server without reflection must be told so, and reach nothing else.
 *
 * The service stands at the end, where Apache's compiler wants it. Answers are about one service, or
 * are names alone, so that they stay small whatever a server has. The numbers of fields and enums are
 * never used for something else; new fields are optional. Who reads leaves out what it does not know.
 */
namespace * polyport.reflection.v1

/** What a server has. */
struct Services {
  /** Each once, by full name. */
  1: required list<ServiceEntry> services
  /** Whether calls that name no service of the server are refused, instead of going by the method. */
  2: required bool refusesNameless
  /** Whether what no service has goes to a handler for unknown services. */
  3: required bool servesUnknown
}

/** A service, without its types. */
struct ServiceEntry {
  /** The IDL's namespace or package; may be empty. */
  1: required string packageName
  /** The name in the IDL. */
  2: required string name
  /** How its messages are written. */
  3: required Codec codec
  /** In the order of the IDL. */
  4: required list<MethodEntry> methods
  /** The names under which it is known as well. */
  5: required list<string> aliases
  /** Whether it answers the calls that do not say which service they are for. */
  6: required bool isFallback
  /** Whether it was made of several services, and answers all calls, whatever they name. */
  7: required bool isCombined
  /** Whether it comes with the server, such as this one. */
  8: required bool isBuiltIn
  /** Whether it is reached over HTTP/2 alone. */
  9: required bool isGrpcOnly
  /** Whether `reflectSchema` knows its types. */
  10: required bool hasSchema
  /** What to do instead, if it is deprecated. */
  11: optional string deprecation
}

/** A method, without its types. */
struct MethodEntry {
  /** The name in the IDL. */
  1: required string name
  2: required CallKind kind
  /** What to do instead, if it is deprecated. */
  3: optional string deprecation
}

/** A call as it would come in. */
struct Question {
  1: required Transport transport
  2: required Codec codec
  /** The service that it would name, if any. */
  3: optional string serviceName
  4: required string method
}

/** What becomes of a call. */
union Decision {
  1: Route route
  2: Refusal refusal
}

/** The service that would answer. */
struct Route {
  /** Its full name; with the reason `UNKNOWN` the name that the call has. */
  1: required string serviceName
  2: required RouteReason reason
}

/** What the caller would be told: a Thrift application exception. */
struct Refusal {
  1: required i32 typeId
  2: required string message
}

/** The server has no such service. */
exception UnknownService {
  1: required string message
}

/** The server knows the service's methods by name only, or does not tell more. */
exception NoSchema {
  1: required string message
}

/** Why a call would reach the service that it would reach. */
enum RouteReason {
  /** It names the service. */
  NAMED = 0
  /** It names the service by an alias. */
  ALIAS = 1
  /** It names no service, and this is the only one with the method. */
  METHOD = 2
  /** It does not say which service it is for, and this is the fallback. */
  FALLBACK = 3
  /** It names a service that is not there, but only this one has the method. */
  WRONG_NAME = 4
  /** The combined service answers all calls. */
  COMBINED = 5
  /** No service has it: the handler for unknown ones. */
  UNKNOWN = 6
}

/** How messages are cut. */
enum Transport {
  BUFFERED = 0
  FRAMED = 1
  TTHEADER = 2
  /** A TTHeader with a framed message in it. */
  TTHEADER_FRAMED = 3
  /** HTTP/2. */
  GRPC = 4
}

/** How messages are written. */
enum Codec {
  /** Thrift's strict binary protocol. */
  THRIFT_BINARY = 0
  PROTOBUF = 1
}

/** How many messages go which way. */
enum CallKind {
  UNARY = 0
  /** One request, no answer. */
  ONEWAY = 1
  CLIENT_STREAM = 2
  SERVER_STREAM = 3
  BIDIRECTIONAL = 4
}

/**
 * Services and all types that they need. From here on everything describes an IDL, with typedefs and
 * constants resolved and inherited methods in their place.
 */
struct Schema {
  /** The Thrift types; others refer to them by their place, counted from 0. */
  1: required list<Definition> definitions
  2: required list<Service> services
  /**
   * For Protobuf, a `google.protobuf.FileDescriptorSet` with the service's file and all that it
   * imports; else empty.
   */
  3: required binary descriptors
}

/** A named type. */
union Definition {
  1: Struct structure
  2: Enum enumeration
}

/** A struct, union or exception. */
struct Struct {
  1: required string packageName
  2: required string name
  3: required StructKind kind
  4: required list<Field> fields
  5: required list<Annotation> annotations
}

enum StructKind {
  STRUCT = 0
  UNION = 1
  EXCEPTION = 2
}

/** A field of a struct, an argument of a method, or an exception that it throws. */
struct Field {
  1: required i16 id
  2: required string name
  3: required Type type
  4: required Requiredness requiredness
  /** The value when the field is not there. */
  5: optional Literal defaultValue
  6: required list<Annotation> annotations
}

enum Requiredness {
  DEFAULT = 0
  REQUIRED = 1
  OPTIONAL = 2
}

/** A type; one of the fields is set, or both of a map. */
struct Type {
  /** 1 bool, 2 i8, 3 i16, 4 i32, 5 i64, 6 double, 7 string, 8 binary */
  1: optional i8 simple
  /** A list of this. */
  2: optional Type listOf
  /** A set of this. */
  3: optional Type setOf
  4: optional Type mapKey
  5: optional Type mapValue
  /** The place in `Schema.definitions`. */
  6: optional i64 definition
  /** The full name of a Protobuf message in `Schema.descriptors`. */
  7: optional string message
}

/** A field's default. */
union Literal {
  1: bool boolean
  /** Also the number of an enum's value. */
  2: i64 integer
  3: double number
  4: string text
  /** A list or set. */
  5: list<Literal> elements
  /** A map, or a struct by the names of its fields. */
  6: list<LiteralEntry> entries
  7: binary bytes
}

struct LiteralEntry {
  1: required Literal key
  2: required Literal value
}

struct Enum {
  1: required string packageName
  2: required string name
  3: required list<EnumValue> values
  4: required list<Annotation> annotations
}

struct EnumValue {
  1: required string name
  2: required i32 number
}

/** A service with all its methods, those that it inherits first. */
struct Service {
  1: required string packageName
  2: required string name
  3: required list<Method> methods
  /** Whether it was made of several services. */
  4: required bool combined
  5: required list<Annotation> annotations
  6: required Codec codec
}

struct Method {
  1: required string name
  2: required CallKind kind
  /** Whether the IDL says `streaming.mode = "unary"`. */
  3: required bool streamingUnary
  /** The arguments; for Protobuf the message that it takes. */
  4: required list<Field> arguments
  /** What it returns; nothing for `void`. */
  5: optional Type result
  6: required list<Field> throws_
  /** The service that declares it, when it is inherited or combined. */
  7: optional string declaredBy
  8: required list<Annotation> annotations
}

/** An annotation, `name = "value"`; for Protobuf an option. */
struct Annotation {
  1: required string name
  2: required string value
}

/** Tells what a server has. */
service ThriftReflection {
  /** The services that there are now, those that come with the server included, and their methods. */
  Services reflectServices()

  /** A service with every type that its methods need. */
  Schema reflectSchema(
    /** How its messages are written: services of both may have the same name. */
    1: Codec codec
    /** The full name, `package.Name`, or `Name` without a package. */
    2: string name
  ) throws (1: UnknownService unknown, 2: NoSchema noSchema)

  /** Where the server would lead a call, which is not made. */
  Decision reflectRoute(1: Question call)
}
