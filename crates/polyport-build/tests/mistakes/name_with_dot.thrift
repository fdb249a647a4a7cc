struct a.b {
  1: string x-y
}
