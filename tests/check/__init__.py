"""Tests of the gradient checker."""
