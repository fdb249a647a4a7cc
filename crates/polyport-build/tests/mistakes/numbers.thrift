const i32 OCTAL = 010
const i32 NEGATIVE = -0017
const i32 NO_OCTAL = 08
const i32 ZERO = 0
struct Seven { 07: i32 a }
const double LARGE = 1e400
const i32 HEX = 0xZZ
const i32 NO_DIGITS = 0x
const i64 LARGE_HEX = 0x10000000000000000
