struct Failed { 1: string message }
exception Broken {}
service Demo {
  void ask() throws (1: Failed failed, 2: string text)
  void tell() throws (0: Broken broken)
}
