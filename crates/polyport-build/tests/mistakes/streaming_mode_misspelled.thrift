service Demo {
  string ask(1: string text) (streaming.mod = "server")
  string tell(1: Text text)
}
