service Demo {
  string ask(1: string text, 2: i32 number) (streaming.mode = "server")
  string tell() (streaming.mode = "unary")
  string twice(1: i32 n) (streaming.mode = "server", streaming.mode = "client")
}
