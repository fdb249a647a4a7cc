struct Item {}
enum Color { RED }

service Streams {
  void nothing(1: Item item) (streaming.mode = "client")
  Item number(1: i32 number) (streaming.mode = "server")
  Color color(1: list<Item> items) (streaming.mode = "bidirectional")
  i32 unary(1: i32 number) (streaming.mode = "unary")
}
