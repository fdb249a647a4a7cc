// A method that declares to throw.
namespace * library

struct Book {
  1: string title
  2: i32 year
}

exception NotFound {
  1: string title
}

service Library {
  Book lend(1: string title) throws (1: NotFound missing)
}
