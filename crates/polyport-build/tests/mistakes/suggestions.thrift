const i32 Limits = 1
struct Counts {}
service Countes extends Count {}
struct Uses {
  1: strng text
  2: Limit limit
  3: Countx counts
  4: i32 number = Count
  5: I64 long
}
