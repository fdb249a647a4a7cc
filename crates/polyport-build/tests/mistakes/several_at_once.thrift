namespace rs demo

struct Request {
  1: optinal string message
  2: list<string names
  3: i32 count
}

struct Response {}

enum Color { RED = 1, GREEN = 1 }

service Demo {
  Respons ask(1: Request req)
  oneway i32 tell(1: Request req)
  ask(1: Request req)
}
