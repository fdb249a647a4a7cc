service Demo {
  string ask(1: string text) (streaming.mode = "bidirektional")
  string tell(1: string text) (streaming.mode = "both")
}
