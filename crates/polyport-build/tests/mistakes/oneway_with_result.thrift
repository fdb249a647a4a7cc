exception Failed { 1: string message }
service Demo {
  oneway i32 ask() throws (1: Failed failed)
  oneway void tell(1: i32 number) (streaming.mode = "client")
}
