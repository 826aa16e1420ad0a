"""The converters of softgrad.migration against the libraries themselves; `make test-peers` runs all of them."""
