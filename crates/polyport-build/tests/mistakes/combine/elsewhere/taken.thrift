namespace * shared
struct CombineService { 1: i32 a }
