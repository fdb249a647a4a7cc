// Two services with a method of the same name.
namespace * demo

struct Request {
  1: string message
}

struct Response {
  1: string message
}

// Answers first.
service ServiceA {
  Response sameNamedMethod(1: Request req)
  Response onlyA(1: Request req)
}

// Answers second.
service ServiceB {
  Response sameNamedMethod(1: Request req)
  Response onlyB(1: Request req)
}
