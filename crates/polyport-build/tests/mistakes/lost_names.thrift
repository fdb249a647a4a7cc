// Nothing is said about what uses the broken definitions.
struct Broken [ 1: i32 number ]
typedef map<string i32> Counts
struct Uses {
  1: Broken broken
  2: Counts counts
  3: Missing missing
}
