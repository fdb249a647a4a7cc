namespace go brackets
struct Twice {{
    1: i32 a
}
struct Value {
    1: list<i32> a = [1, 2
    2: map<i32, i32> b = {1: 2
    3: lsit<i32> c
    4: string
    5: i32 e
}
service Right {
    void unclosed(1: i32 a
    void closed(1: i32 a) )
    i32 throwing(1: i32 a throws (1: Error error)
    void annotated() (a = "b"
    void last((1: i32 a))
}
exception Error {}
}
struct Last { 1: Unknown a }
