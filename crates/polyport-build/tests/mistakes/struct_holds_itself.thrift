struct Node {
  1: required Other other
}
struct Other {
  1: required Node node
}
