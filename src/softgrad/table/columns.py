"""The column schema: what each column of a data table is, and the names of the features it becomes.

It is learned from the training table, stored in the model file, and applied to every later table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

__all__ = ["Boolean", "Category", "Column", "Columns", "Numeric", "Target", "TargetKind"]

TargetKind = Literal["text", "integer", "boolean"]


@dataclass(frozen=True)
class Numeric:
    """A column of numbers: one feature. ``fill`` stands in for missing values; None refuses them."""

    name: str
    whole: bool = False
    fill: int | float | None = None

    @property
    def encoded_names(self) -> tuple[str, ...]:
        """The names of the features that this column becomes."""
        return (self.name,)


@dataclass(frozen=True)
class Boolean:
    """A column of true and false: one feature, 1 and 0."""

    name: str
    fill: bool | None = None

    @property
    def encoded_names(self) -> tuple[str, ...]:
        """The names of the features that this column becomes."""
        return (self.name,)


@dataclass(frozen=True)
class Category:
    """A column of text with few distinct values: one feature for each level, 1 where the row has it.

    All levels are kept: the penalty is symmetric in them, so none has to serve as the reference.
    """

    name: str
    levels: tuple[str, ...]
    fill: str | None = None

    @property
    def encoded_names(self) -> tuple[str, ...]:
        """The names of the features that this column becomes."""
        return tuple(f"{self.name}={level}" for level in self.levels)


Column = Numeric | Boolean | Category


@dataclass(frozen=True)
class Target:
    """The column to predict, and what its labels are."""

    name: str
    kind: TargetKind


@dataclass(frozen=True)
class Columns:
    """The schema of a data table: the target and the features, in the order of the matrix.

    Examples
    --------
    >>> columns = Columns(Target("species", "text"), (Numeric("length"), Category("colour", ("blue", "red"))))
    >>> columns.encoded_names
    ('length', 'colour=blue', 'colour=red')
    >>> Columns.from_dict(columns.to_dict()) == columns
    True
    """

    target: Target
    features: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the feature columns as the data have them."""
        return tuple(column.name for column in self.features)

    @property
    def encoded_names(self) -> tuple[str, ...]:
        """The names of the features, one for each column of the matrix."""
        return tuple(name for column in self.features for name in column.encoded_names)

    @property
    def all_numbers(self) -> bool:
        """Whether every feature column holds numbers, so that a table is a matrix as it is."""
        return all(isinstance(column, Numeric) for column in self.features)

    @property
    def text_columns(self) -> tuple[str, ...]:
        """The columns whose values are text: a CSV reader must not guess numbers or dates for them."""
        categories = tuple(column.name for column in self.features if isinstance(column, Category))
        return (*categories, self.target.name) if self.target.kind == "text" else categories

    def to_dict(self) -> dict[str, Any]:
        """Return the schema as plain JSON values."""
        return {
            "target": {"name": self.target.name, "kind": self.target.kind},
            "features": [_column_to_dict(column) for column in self.features],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Columns":
        """Return the schema that `to_dict` described.

        Raises
        ------
        ValueError
            Where `data` does not describe a schema.
        """
        try:
            target = Target(_text(data["target"]["name"]), data["target"]["kind"])
            features = tuple(_column_from_dict(item) for item in data["features"])
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("the column schema is incomplete") from error
        if target.kind not in get_args(TargetKind):
            raise ValueError(f"the column schema has a target of the unknown kind {target.kind!r}")
        return cls(target, features)


def _column_to_dict(column: Column) -> dict[str, Any]:
    match column:
        case Numeric(name, whole, fill):
            return {"kind": "numeric", "name": name, "whole": whole, "fill": fill}
        case Boolean(name, flag):
            return {"kind": "boolean", "name": name, "fill": flag}
        case Category(name, levels, level):
            return {"kind": "category", "name": name, "levels": list(levels), "fill": level}


def _column_from_dict(data: Mapping[str, Any]) -> Column:
    name, fill = _text(data["name"]), data["fill"]
    match data["kind"]:
        case "numeric" if fill is None or (isinstance(fill, int | float) and not isinstance(fill, bool)):
            return Numeric(name, bool(data["whole"]), fill)
        case "boolean" if fill is None or isinstance(fill, bool):
            return Boolean(name, fill)
        case "category" if fill is None or isinstance(fill, str):
            return Category(name, tuple(_text(level) for level in data["levels"]), fill)
    raise ValueError(f"the column schema does not say what the column {name!r} is")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, not {type(value).__name__}")
    return value
