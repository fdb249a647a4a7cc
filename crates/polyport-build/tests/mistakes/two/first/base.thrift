namespace rs first
struct Base {}
struct OnlyFirst {}
