typedef list<B> A
typedef A B
typedef B C
struct S { 1: C c }
