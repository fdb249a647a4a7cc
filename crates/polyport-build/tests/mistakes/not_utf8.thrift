// ÄãºÃ: comments may be of any encoding
const string GREETING = "ÄãºÃ"
struct Äã {}
struct Right { 1: string text (label = "Äã") }
