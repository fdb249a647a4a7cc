const i32 SIZE = 3
service Demo {
  void ask(1: SIZE size, 2: Demo demo)
}
