struct Empty {}
/* all that follows
