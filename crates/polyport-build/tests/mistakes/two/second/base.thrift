namespace rs second
struct Base {}
struct OnlySecond {}
