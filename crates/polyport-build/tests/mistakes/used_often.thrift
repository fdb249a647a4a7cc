struct Requset { 1: i32 a }
service Often {
    Request one(1: Request a)
    Request two(1: Request a, 2: Request b)
}
