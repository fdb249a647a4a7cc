service Demo {
  string ask(1: list<string text) (streaming.mode = "client")
}
