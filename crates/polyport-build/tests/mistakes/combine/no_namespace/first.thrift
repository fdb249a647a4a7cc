service One { void one() }
