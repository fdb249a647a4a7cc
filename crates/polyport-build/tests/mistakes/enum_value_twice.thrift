enum Color {
  RED = 1
  GREEN
  RED = 3
  BLUE = 2
  LARGE = 3000000000
}
