enum Color { RED = 1 }
struct Point { 1: i32 x, 2: i32 y }
const map<i32, string> NUMBERS = {1: "a", 2: "b", Color.RED: "c"}
const Point CENTER = {"x": 1, "y": 2, "x": 3}
