namespace rs second
enum Color { RED = 2 }
