namespace go shop

enum Color { RED = 1, GREEN = 2, BLUE = 3 }

struct Item {
  1: required string name
  2: i32 amount
  3: optional binary blob
  4: list<Color> colors
  5: string gone
  6: string moved
}

union Choice { 1: string text, 2: i64 number }

exception Missing { 1: string what }

service Shop {
  Item find(1: string name) throws (1: Missing missing)
  void put(1: Item item, 2: bool quietly)
  oneway void notify(1: string text)
  i32 count()
}

service Old { void ping() }
service Stock { void reserve(1: Item item) }
