include "../../../../tests/idl/base.thrift"
namespace rs coverage.base
struct Base {}
