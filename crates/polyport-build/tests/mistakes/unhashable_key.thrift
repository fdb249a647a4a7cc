struct Point { 1: double x, 2: double y }
struct Shape {
  1: set<Point> points
  2: map<list<double>, string> names
}
service Shapes {
  void draw(1: set<double> sizes)
}
