"""Floor 3: K x d algebra. Objective, penalty, certificate, solvers and the one driver that runs them; never a row."""
