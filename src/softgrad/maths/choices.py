"""The fields of a frozen dataclass that are one of a few words: checked against what their annotations list."""

from typing import Any, Literal, get_args, get_origin, get_type_hints


def check_choices(record: Any) -> None:
    """Refuse a dataclass with a field that is annotated as a Literal and holds another value.

    Raises
    ------
    ValueError
        With the words to choose from.
    """
    for name, hint in get_type_hints(type(record)).items():
        value = getattr(record, name)
        if get_origin(hint) is Literal and value not in get_args(hint):
            choices = ", ".join(map(repr, get_args(hint)))
            raise ValueError(f"{type(record).__name__} has no {name}={value!r}; choose one of {choices}.")
