enum Color { RED }
struct Request {
  1: i32 number = "text"
  2: string text = 3
  3: list<i32> numbers = [1, "two", 3.5]
  4: i8 small = 300
  5: bool flag = 2
  6: map<string, i32> counts = ["a"]
  7: Color color = "RED"
  8: double ratio = RED
}
