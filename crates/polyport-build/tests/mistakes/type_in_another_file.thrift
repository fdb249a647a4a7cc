include "../../../../tests/idl/base.thrift"
struct Request {
  1: Base base
  2: base.Bas other
  3: bas.Base third
}
