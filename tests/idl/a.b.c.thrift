// A file with dots in its name, and without a namespace.
struct InDotted {
  1: string text
}
