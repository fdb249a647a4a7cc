service Parent {
  void ask()
}
service Child extends Parent {
  i32 ask()
}
