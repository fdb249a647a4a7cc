enum Color { RED = 1 }
enum Shape { ROUND = 1 }
struct Point { 1: i32 x }
struct Place { 1: i32 x }
const Color A = Shape.ROUND
const Point B = {"x": 1}
const Place C = B
const i32 D = 300
const i8 E = D
const string F = "a"
const i32 G = F
const list<string> H = ["a"]
const list<i32> I = H
const map<string, i32> J = {"x": 1}
const Point K = J
const i64 L = D
const set<i32> M = [D, Color.RED]
