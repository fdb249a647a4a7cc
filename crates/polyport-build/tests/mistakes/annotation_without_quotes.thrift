struct Request {
  1: string message (api.query = name)
} (a = "b"
service Demo {}
