enum Color { RED }
service Paint extends Color {}
struct Brush { 1: Color color = Color }
