service First { void ask() }
service CombineService { void tell() }
