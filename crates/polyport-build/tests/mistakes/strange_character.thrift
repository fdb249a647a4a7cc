struct Request {
  1: string message €
  2: string @name
}
