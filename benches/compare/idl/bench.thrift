// What every server of the comparison serves: two services with a method of the same name, so that
// only the service's name tells where a request goes.
namespace go bench
namespace rs bench

struct Request {
  1: string message
}

struct Response {
  1: string message
}

service Left {
  Response echo(1: Request req)
}

service Right {
  Response echo(1: Request req)
}
