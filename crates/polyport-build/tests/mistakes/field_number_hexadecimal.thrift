struct Old {
    0x10: i32 a,
    0o17: i32 b,
}
