struct Base {}
service Basic {}
service A extends Basics {}
service B extends Base {}
service C extend Basic {}
