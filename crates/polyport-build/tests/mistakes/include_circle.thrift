include "include_circle.thrift"
