struct Request {
  40000: string first
}
