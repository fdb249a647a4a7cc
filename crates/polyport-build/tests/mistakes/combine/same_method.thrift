service First { void ask() }
service Second { i32 ask(), void tell() }
