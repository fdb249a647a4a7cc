service Demo {
  void ask()
  void tell()
  i32 ask(1: i32 number)
}
