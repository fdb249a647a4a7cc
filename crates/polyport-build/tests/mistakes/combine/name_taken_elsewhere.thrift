namespace * shared
include "elsewhere/taken.thrift"
service One { void one(1: taken.CombineService a) }
