include "two/first/colors.thrift"
include "two/second/colors.thrift"
const i32 RED = colors.Color.RED
