service Demo {
  void ask(1: string text
}
