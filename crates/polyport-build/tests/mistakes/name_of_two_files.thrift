include "two/first/base.thrift"
include "two/second/base.thrift"
struct Uses {
  1: base.OnlyFirst first
  2: base.OnlySecond second
  3: base.Base base
}
