service Two { void two() }
