// What the codec comparison encodes and decodes.
namespace rs codec

struct Small {
  1: required string message
  2: required i64 id
  3: required i32 count
  4: required bool flag
  5: required double score
}

struct Text {
  1: required string text
}

struct Blob {
  1: required binary bytes
}

struct Numbers {
  1: required list<i64> numbers
}

struct Rows {
  1: required list<Small> rows
}

struct Tags {
  1: required map<string, string> tags
}

service Codec {
  Small small(1: Small value)
  Text text(1: Text value)
  Blob blob(1: Blob value)
  Numbers numbers(1: Numbers value)
  Rows rows(1: Rows value)
  Tags tags(1: Tags value)
}
