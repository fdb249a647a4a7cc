namespace go mixed

struct Question {
  1: string text
}

service Asking {
  Question ask(1: Question question)
  Question one(1: Question input, ) (streaming.mode = "server")
  Question many(1: Question question) (streaming.mode = "client")
  Question both(1: Question question) (streaming.mode = "bidirectional")
}
