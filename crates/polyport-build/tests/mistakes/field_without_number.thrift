struct Request {
  string first
  5: string second
  string third
}
service Demo { i32 ask(1: Reqest r) }
