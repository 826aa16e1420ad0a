"""Data tables for the command line: files in, a matrix and labels out.

Only the parts that need nothing but the standard library are imported here, so that a model file (which
carries its column schema) can be loaded without the ``data`` extra. The rest is imported from where it
lives: ``softgrad.table.read``, ``learn``, ``encode``, ``target`` and ``write``.
"""

from softgrad.table.columns import Boolean, Category, Column, Columns, Numeric, Target
from softgrad.table.errors import TableError

__all__ = ["Boolean", "Category", "Column", "Columns", "Numeric", "TableError", "Target"]
