namespace go quotes
const string END = "no end
const string NEXT = "right"
const list<string> LIST = ["a, "b"]
struct Annotated {
    1: string a (one = "1)
    2: string b (two = 2')
    3: string c (three = "3", four = '4)
    4: string d = "several
lines" (five = "5"),
    5: Unknown e
}
