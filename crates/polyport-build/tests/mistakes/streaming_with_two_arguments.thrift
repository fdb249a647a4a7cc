service Demo {
  string ask(1: string text, 2: i32 number) (streaming.mode = "server")
  string tell() (streaming.mode = "unary")
  Item twice(1: Item n) (streaming.mode = "server", streaming.mode = "client")
}
struct Item {}
