struct Point { 1: double x }
const set<double> SIZES = [1.5]
const list<map<Point, i32>> NUMBERS = []
