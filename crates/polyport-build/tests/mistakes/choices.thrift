enum Level { LOW, HIGH (rust.box) } (rust.keep_unknown_fields)

struct Choice {
  1: string a (rust.tpye = "bytes")
  2: string b (rust.type = "vec")
  3: string c (rust.derive = "Ord")
  4: string d (rust.attribute = "#[must_use")
  5: list<string (rust.box)> e
} (rust.box, rust.keep_unknown_fields = "maybe", rust.derive = "serde Serialize")

const i32 ONE = 1 (rust.type = "bytes")

service Choices {
  void choose(1: i32 a (rust.box)) (rust.derive = "Ord")
} (rust.attribute = "#[must_use]", go.tag = "other tools may say what they like")
