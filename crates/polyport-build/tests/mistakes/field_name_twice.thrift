struct Request {
  1: string text
  2: i32 text
}
