namespace rs a
namespace go x
service One { void one() }
