namespace rs first
enum Color { RED = 1 }
