const string UNKNOWN = "a\d+"
const string SHORT = "\x4"
const binary RIGHT = "\xff\u00e9"
const string NOT_UTF8 = "\xff"
struct Pattern {
    1: string text (vt.pattern = "\d+"),
}
