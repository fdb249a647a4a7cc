typedef i32
struct First {
  1: string
  2: i32 number = 
  3: string last
}
const string TEXT
service Demo {
  void (1: string text)
  ask(1: string text)
  void good(1: Frist text)
}
enum { A }
struct Last { 1: Unknown field }
