package main

import (
	"google.golang.org/grpc"
	"google.golang.org/grpc/reflection"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// reflect lets the server tell of the file's services, for which no code was generated that would register them.
func reflect(server *grpc.Server, file protoreflect.FileDescriptor) error {
	files := new(protoregistry.Files)
	if err := files.RegisterFile(file); err != nil {
		return err
	}
	options := reflection.ServerOptions{Services: server, DescriptorResolver: files}
	reflectionpb.RegisterServerReflectionServer(server, reflection.NewServerV1(options))
	return nil
}
