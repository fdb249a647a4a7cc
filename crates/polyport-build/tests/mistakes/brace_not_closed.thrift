struct Request {
  1: string message

struct Response {
  1: string message
}
