enum Color { RED, GREEN }
const Color FIRST = Color.GREN
const Color SECOND = GREEN
const Color THIRD = Colour.RED
