// What can be chosen for types and fields.
namespace rs choices

typedef string (rust.type = "bytes") Raw
typedef list<string> Names (rust.type = "shared")

enum Level { LOW, HIGH } (rust.derive = "Eq")

struct Chosen {
  1: string bytes = "plain" (rust.type = "bytes")
  2: optional string shared = "many" (rust.type = "shared")
  3: map<string, list<string>> all = {"a": ["b"]} (rust.type = "shared")
  4: Raw raw
  5: Names names
  6: Names bytes_again (rust.type = "bytes")
  7: list<string (rust.type = "shared")> elements
  8: Small small = {"n": 3} (rust.box)
  9: optional Small maybe_small (rust.box = "true")
  10: i32 unknown_fields
  11: string by_path
  12: string not_by_path (rust.type = "string")
} (rust.keep_unknown_fields, rust.derive = "Clone")

struct Small {
  1: i32 n
  2: string name (rust.attribute = "#[doc(alias = \"title\")]")
} (rust.derive = "Eq, PartialOrd", rust.attribute = "#[must_use]")

union OneOf {
  1: string text
  2: Small small (rust.box)
} (rust.keep_unknown_fields = "true")

exception Failed {
  1: string message (rust.type = "shared")
} (rust.keep_unknown_fields)

const Chosen CHOSEN = {"names": ["x"], "bytes": "y"}
const Small SMALL = {"n": 1, "name": "s"}

service Choosing {
  string (rust.type = "shared") name(1: string bytes (rust.type = "bytes")) throws (1: Failed failed)
}
