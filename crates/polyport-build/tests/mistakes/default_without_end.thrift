struct Node {
  1: string text
  2: optional Node next = {"text": "end"}
}
struct Tree {
  1: list<Branch> branches = [{}]
}
struct Branch {
  1: Tree tree
}
struct Fine {
  1: string text
  2: Other other = {"text": "all of it"}
  3: list<Fine> more = []
}
struct Other {
  1: string text
}
