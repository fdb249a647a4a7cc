struct Request {
  1: string message
}

struct Outer {
  1: Requets inner
  2: list<Reqest> more
}
