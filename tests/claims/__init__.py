"""What the public face promises of every fit, on problems drawn at random, against extended precision."""
