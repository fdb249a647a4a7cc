namespace rs b
namespace go x
service Two { void two() }
