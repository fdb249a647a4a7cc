struct Point { 1: i32 x, 2: i32 y_position }
union Either { 1: i32 left, 2: i32 right }
const Point P = {"x": 1, "y_positon": 2, 3: 4}
const Either E = {"left": 1, "right": 2}
