namespace rs a
namespace go y
service Two { void two() }
