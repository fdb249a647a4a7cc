service Demo {
  string ask(1: string text) (streaming.mode)
}
