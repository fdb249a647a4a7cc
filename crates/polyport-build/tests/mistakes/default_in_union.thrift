union Choice {
  1: i32 number = 3
  2: string text
}
