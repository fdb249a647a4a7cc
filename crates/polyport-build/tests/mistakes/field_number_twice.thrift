struct Request {
  1: string first
  2: string second
  1: string third
}
