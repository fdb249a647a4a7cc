struct Request {
  1: int number
  2: float ratio
  3: uuid id
  4: void nothing
}
