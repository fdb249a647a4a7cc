syntax = "proto3";

message Request {
  int32 first = 1;
}
