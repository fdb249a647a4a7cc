// What coverage.thrift includes.
namespace go coverage.base
namespace rs coverage.base

enum Num {
  ZERO
  TWO = 2
  TEN = 10
}

const i32 LIMIT = 100

struct Base {
  1: string name
  2: optional Num num = Num.TWO
}

exception Refused {
  1: optional string message
}

service Parent {
  Base inherited(1: Base base) throws (1: Refused refused)
  void nothing_inherited()
}
