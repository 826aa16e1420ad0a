"""The directive ``commands``: every command of ``softgrad`` with its arguments and options, from the program itself."""

from collections.abc import Iterator
from inspect import cleandoc
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx


class Commands(Directive):
    """One section a command: what it does, how it is written, and a definition list of its parameters."""

    has_content: ClassVar[bool] = False

    def run(self) -> list[nodes.Node]:
        """The sections, in the order of ``softgrad --help``."""
        from typer.main import get_command

        from softgrad.cli.app import app

        return [section(name, command) for name, command in get_command(app).commands.items()]


def section(name: str, command: Any) -> nodes.section:
    """What ``softgrad NAME --help`` tells."""
    made = nodes.section(ids=[f"softgrad-{name}"], names=[f"softgrad {name}"])
    made += nodes.title("", "", nodes.literal("", f"softgrad {name}"))
    made += [nodes.paragraph("", part) for part in cleandoc(command.help).split("\n\n")]
    entries = nodes.definition_list(classes=["options"])
    entries += [entry(parameter) for parameter in command.params if not getattr(parameter, "hidden", False)]
    made += entries
    return made


def entry(parameter: Any) -> nodes.definition_list_item:
    """An argument or option, and what it means."""
    text = parameter.help + "".join(default(parameter))
    return nodes.definition_list_item(
        "",
        nodes.term("", "", nodes.literal("", written(parameter))),
        nodes.definition("", nodes.paragraph("", text)),
    )


def written(parameter: Any) -> str:
    """As it is typed: ``DATA``, ``--target COLUMN``, ``--json``."""
    if parameter.param_type_name == "argument":
        return str(parameter.metavar)
    number = isinstance(parameter.default, int | float)
    takes = "" if parameter.is_flag else f" {parameter.metavar or ('NUMBER' if number else 'NAME')}"
    return ", ".join(parameter.opts) + takes


def default(parameter: Any) -> Iterator[str]:
    """Its default in words, where it has one that tells something."""
    said = getattr(parameter, "show_default", None)
    if parameter.required:
        yield " Required."
    elif isinstance(said, str):
        yield f" Default: {said}."
    elif not (getattr(parameter, "is_flag", False) or parameter.default in (None, "", [])):
        yield f" Default: {parameter.default}."


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
