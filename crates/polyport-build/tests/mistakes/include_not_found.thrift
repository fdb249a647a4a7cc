include "does_not_exist.thrift"
struct Request {
  1: does_not_exist.Base base
}
