strcut Request {
  1: string message
}
