struct Request {}
enum Request { A }
