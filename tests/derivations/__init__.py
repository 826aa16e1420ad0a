"""The founding documents and docs/derivations.md, equation by equation, both sides evaluated."""
