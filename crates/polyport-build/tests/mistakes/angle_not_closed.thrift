struct Request {
  1: map<string, list<i32> counts
  2: string message
}
