const string GREETING = "hello
struct Empty {}
