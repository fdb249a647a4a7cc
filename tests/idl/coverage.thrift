// Every feature of the language once.
include "base.thrift"
include "a.b.c.thrift"
cpp_include "foo.h"

namespace * all
namespace rs coverage.all
namespace go coverage.all

typedef i64 UserId
typedef list<map<string, Item>> Items
typedef base.Base Alias

const i32 MAX = 10
const string GREETING = "hi \"there\""
const list<string> NAMES = ["a", 'b']
const map<string, list<i32>> TABLE = {"x": [1, 2], "y": []}
const Item CONSTANT_ITEM = {"name": "foo", "n": 3, "color": Color.BLUE}
const double RATIO = 3.14e0
const double WHOLE = -3
const base.Num NUM = base.Num.TWO
const Color UNKNOWN_COLOR = 77
const bool YES = true
const i64 HEX = 0x7fffffffffff
const i32 REFERENCE = MAX
const i64 OTHER_FILE = base.LIMIT
const UserId ROOT = 1
const binary BYTES = "bytes"
const set<i16> SMALL = [-1, 0, 1]
const Choice CHOICE = {"many": [{"n": 1}]}

enum Color { RED, GREEN = 5, BLUE (note = "x"), NEGATIVE = -3 } (foo = "bar")

enum Nothing {}

/**
 * A struct with everything in it.
 *
 *     let indented = "no doctest";
 *
 * ```
 * nor this
 * ```
 */
struct Item {
  1: required string name (api.query = "name", go.tag = 'json:"n"')
  2: i32 n = 7 // a number
  3: optional Color color = Color.GREEN
  4: optional list<i32> numbers = [1, 2, 3]
  5: map<string, set<list<i32>>> nested
  6: map<Key, string> by_key
  7: list<double> doubles
  8: binary bytes
  9: optional Item child
  10: list<Item> children
  12: bool type
  13: byte b
  14: i8 i8_
  15: i16 fn
  16: base.Num num = base.Num.TEN
  17: UserId uid
  18: Alias alias
  19: Vec vec
  20: optional Choice choice
  21: map<i32, double> ratios
  22: string def = "default"
  23: Tiny tiny = {"a": 3}
  // names that generated code uses itself
  24: string input
  25: string out
  26: i32 kind
  27: i32 field
  28: i32 value
  -1: i32 negative
}

struct Tiny { 1: i32 a = 1, 2: required string b = "bb" }
struct Key { 1: string a, 2: i32 b }

// what has no hash in sets and as keys
struct Unhashed {
  1: set<double> ratios = [0.5, -1]
  2: map<double, string> names
  3: set<set<i32>> sets = [[1, 2], []]
  4: map<map<string, i32>, set<Ratio>> maps
  5: map<Ratio, map<list<Ratio>, i32>> by_ratio = {{"value": 0.5}: {[]: 1}}
  6: set<Unhashed> again
  7: list<string> empty_list = {}
  8: set<string> empty_set = {}
  9: map<string, i32> empty_map = []
  10: set<double> empty_ratios = {}
}
struct Ratio { 1: double value }
const map<double, list<set<double>>> BY_RATIO = {0.5: [[1.5]]}
const map<string, i32> EMPTY = []

// names of Rust's own types
struct Vec { 1: string Option, 2: string Self, 3: string String }
struct Empty {}
struct Result { 1: string Ok, 2: string Err }
struct Option { 1: optional Box box }
struct Box { 1: string Default }
enum Some { None, Ok }
struct T { 1: string _T, 2: i32 SCHEMA }
const string SCHEMA = "a constant"
struct String { 1: optional Some some = Some.None }

// recursion, directly and around
struct Chain { 1: string text, 2: Chain next }
struct Left { 1: optional Right right }
struct Right { 1: Left left, 2: required i32 number }
union Tree { 1: i32 leaf, 2: Pair pair, 3: Tree same }
struct Pair { 1: Tree left, 2: Tree right }

union Choice { 1: string s, 2: Item item, 3: list<Choice> many, 4: i32 n, 5: i32 Unset }

exception First { 1: string message }
exception Second { 1: i32 code } (note = "1")

/* What this service is for. */
service Main extends base.Parent {
  // Gives an item.
  Item get(1: Item req, 2: i32 x) throws (1: First first, 2: Second second, 3: Second other)
  void nothing()
  oneway void note(1: list<string> lines)
  Choice pick(1: Choice choice)
  list<Items> lists(1: set<i32> numbers)
  Item bidi(1: Item req) (streaming.mode = "bidirectional")
  Item srv(1: Item req) (streaming.mode = "server")
  Item both(1: Item req) (streaming.mode = "unary")
  string async(1: string type, 2: optional string self, 3: i32 cx)
  Empty getItem(1: Empty e)
  Empty get_item(1: Empty e)
  a.b.c.InDotted dotted(1: a.b.c.InDotted d)
  void connect()
  void new()
  i32 clone()
  void status() throws (1: First Status)
  bool many(1: i32 a, 2: i32 b, 3: i32 c, 4: i32 d, 5: i32 e, 6: i32 f, 7: i32 g, 8: i32 h)
  void _hidden()
}

service Calculator { i32 add(1: i32 a = 3, 2: i32 b) } (note = "y")

service OnlyStreams {
  Item first(1: Item req) (streaming.mode = "client")
}

service H { T t(1: T t) }
