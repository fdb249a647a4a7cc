service A extends B {}
service B extends A {}
service C extends C {}
