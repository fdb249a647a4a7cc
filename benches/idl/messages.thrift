// Messages of three sizes: about 40 bytes, 350 bytes and 10 KiB on the wire.
namespace rs messages

struct Small {
  1: required string message
}

enum Kind {
  PLAIN = 0
  URGENT = 1
}

struct Inner {
  1: string name
  2: i64 number
  3: list<i32> values
}

struct Medium {
  1: required string id
  2: required i64 time
  3: required i32 count
  4: required bool flag
  5: required double score
  6: required Kind kind
  7: optional binary payload
  8: required map<string, string> tags
  9: required list<string> names
  10: required Inner inner
}

struct Row {
  1: required i64 id
  2: required string name
  3: required double score
  4: required list<i32> values
  5: optional string note
}

struct Large {
  1: required list<Row> rows
  2: required string cursor
}

service Echo {
  Small echo(1: Small message)
}
