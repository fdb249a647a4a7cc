const i32 SIZE = 3
const i32 DOUBLE_SIZE = SIZES
const string TEXT = SIZE
