struct Request {
  1: requird string message
}
