namespace go shop

enum Color { RED = 1, LIME = 2, BLUE = 4, PINK = 5 }

struct Item {
  1: string name
  2: i64 amount
  3: optional string blob
  4: list<i32> colors
  7: string moved
  8: required string must
  9: optional string may
}

struct Choice { 1: string text, 2: i64 number }

exception Missing { 1: string what }
exception Full {}

service Shop {
  Found find(1: string title) throws (1: Missing missing, 2: Full full)
  void put(1: Item item)
  void notify(1: string text)
  i64 count()
  void reserve(1: Item item)
}

struct Found { 1: string name }

service Stock { void reserve(1: Item item) }
