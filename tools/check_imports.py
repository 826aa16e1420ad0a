"""Check the architecture of src/softgrad by reading its imports.

The house has four floors (see ROOMS), and imports go down only; imports inside functions and type-checking
blocks count. On top of that:

- some rooms keep to a shorter list (ONLY), and some to a list of outside packages (ONLY_OUTSIDE);
- a solver, that is a module of softgrad.optimize outside SHARED_OPTIMIZE, is imported within optimize by the
  registry (choose) only, so never by another solver;
- the package itself is a face on all floors, so only floor 4 imports it (for its version);
- no package re-exports a name that one of its submodules has;
- imports are absolute, and every top-level module stands in ROOMS.

Usage: python tools/check_imports.py [folder of the package]. Prints one line per violation; exit code 1 if any.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PACKAGE = "softgrad"

ROOMS = {
    # floor 1: the mathematics, what one block of rows contributes
    "maths": 1,
    "kernels": 1,
    "conventions": 1,
    # floor 2: where the rows live
    "rows": 2,
    # floor 3: algebra on arrays of the size of the coefficients
    "optimize": 3,
    "online": 3,
    "functional": 3,
    "fitting": 3,
    "presence": 3,
    "check": 3,
    "inference": 3,
    "scalars": 3,
    # floor 4: what people touch
    "estimator": 4,
    "coefficients": 4,
    "partial": 4,
    "prediction": 4,
    "outputs": 4,
    "parameters": 4,
    "labels": 4,
    "labelledrows": 4,
    "lazy": 4,
    "validation": 4,
    "migration": 4,
    "onnxfile": 4,
    "onnxgraph": 4,
    "modelfile": 4,
    "checkpointfile": 4,
    "jsonvalues": 4,
    "storedzip": 4,
    "table": 4,
    "extras": 4,
    "measures": 4,
    "streaming": 4,
    "plots": 4,
    "report": 4,
    "explain": 4,
    "cli": 4,
}

ONLY = {"maths": {"maths"}, "conventions": {"maths"}, "kernels": {"kernels", "maths"}}
ONLY_OUTSIDE = {"maths": {"numpy"}, "conventions": set(), "kernels": {"numpy", "scipy", "threadpoolctl"}}
SHARED_OPTIMIZE = {
    "certificate",
    "choose",
    "coordinates",
    "decrement",
    "driver",
    "ledger",
    "line_search",
    "newton_step",
    "rounding",
    "separation",
    "recession",
    "recession_by_products",
    "flatness",
    "sentences",
    "objective",
    "block_preconditioner",
    "conjugate_gradients",
    "diagonal_preconditioner",
    "kronecker_preconditioner",
    "scaled_inverses",
    "penalty",
    "deflation",
    "equilibrate",
    "full_preconditioner",
    "preconditioner",
    "solution",
    "solver",
    "warm_start",
}


@dataclass(frozen=True)
class Import:
    """One imported module (and, for ``from module import name``, the name), and where."""

    line: int
    module: str
    name: str | None = None
    relative: bool = False


@dataclass(frozen=True)
class Module:
    """One source file of the package."""

    path: Path
    parts: tuple[str, ...]  # below the package: ("maths", "logits"); () for the package itself

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed source."""
        return ast.parse(self.path.read_text(encoding="utf-8"), str(self.path))

    @property
    def is_package(self) -> bool:
        """Whether this is an __init__ file."""
        return self.path.stem == "__init__"


Violations = Iterator[tuple[int, str]]


def read_modules(root: Path) -> list[Module]:
    """Every module of the package in `root`, sorted."""
    modules = []
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        modules.append(Module(path, parts[:-1] if parts[-1] == "__init__" else parts))
    return modules


def imports_of(tree: ast.Module) -> Iterator[Import]:
    """Every import statement and ``import_module("...")`` call, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module, relative = node.module or "", node.level > 0
            yield from (Import(node.lineno, module, alias.name, relative) for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            function = (
                node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            )
            if function == "import_module" and isinstance(node.args[0].value, str):
                yield Import(node.lineno, node.args[0].value)


def target_of(item: Import, known: set[tuple[str, ...]]) -> tuple[str, ...] | None:
    """The parts of the imported module below the package; None for a module from outside."""
    parts = tuple(item.module.split("."))
    if parts[0] != PACKAGE:
        return None
    below = parts[1:]
    return (*below, item.name) if item.name and (*below, item.name) in known else below


def floor_violations(module: Module, known: set[tuple[str, ...]]) -> Violations:
    """Imports that go up, sideways between solvers, or out of a room that keeps to a list."""
    room = module.parts[0] if module.parts else None
    for item in imports_of(module.tree):
        if item.relative:
            yield item.line, f"relative import; write it absolute: from {PACKAGE}... import {item.name}"
            continue
        target = target_of(item, known)
        if target is None:
            outside = item.module.split(".")[0]
            allowed = ONLY_OUTSIDE.get(room or "")
            if allowed is not None and outside not in allowed | sys.stdlib_module_names:
                yield (
                    item.line,
                    f"{room} may not import {outside}, only {_listed(allowed)} and the standard library",
                )
        elif room is not None and room in ROOMS:
            message = _inside_violation(module.parts, target)
            if message:
                yield item.line, message


def _inside_violation(source: tuple[str, ...], target: tuple[str, ...]) -> str | None:
    room = source[0]
    if not target and ROOMS[room] == max(ROOMS.values()):
        return None
    if not target:
        return (
            f"{room} imports from the package {PACKAGE} itself; import from the module that defines the name"
        )
    if target[0] not in ROOMS:
        return None  # reported where the unknown module stands
    if target[0] != room and target[0] not in ONLY.get(room, ROOMS):
        return f"{room} may import {_listed(ONLY[room])} only, not {target[0]}"
    if ROOMS[target[0]] > ROOMS[room]:
        return f"{room} (floor {ROOMS[room]}) imports {target[0]} (floor {ROOMS[target[0]]}); imports go down only"
    if room == "optimize" and source[1:] not in {(), ("choose",), target[1:2]} and _is_solver(target):
        return (
            f"optimize.{source[1]} imports solver {target[1]}; move what they share into a module of optimize "
            "and add that to SHARED_OPTIMIZE in tools/check_imports.py"
        )
    return None


def _is_solver(parts: tuple[str, ...]) -> bool:
    return len(parts) > 1 and parts[0] == "optimize" and parts[1] not in SHARED_OPTIMIZE


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"


def unknown_room(module: Module) -> Violations:
    """Not in a room that the table of floors knows."""
    if module.parts and module.parts[0] not in ROOMS and module.parts != ("__main__",):
        yield 1, f"{module.parts[0]} stands on no floor; add it to ROOMS in tools/check_imports.py"


def shadowing_names(module: Module, known: set[tuple[str, ...]]) -> Violations:
    """Names bound in an __init__ file that equal the name of a submodule without being that submodule."""
    if not module.is_package:
        return
    depth = len(module.parts) + 1
    submodules = {parts[-1] for parts in known if len(parts) == depth and parts[:-1] == module.parts}
    own_name = ".".join((PACKAGE, *module.parts))
    for line, name, origin in _bound_names(module.tree):
        if name in submodules and origin != f"{own_name}.{name}":
            yield (
                line,
                f"{own_name} re-exports {name}, which is also the name of a submodule; rename one of them",
            )


def _bound_names(tree: ast.Module) -> Iterator[tuple[int, str, str | None]]:
    """Line, name and (for imports and for the entries of tables of strings) dotted origin."""
    for node in _outside_functions(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node.lineno, alias.asname or alias.name, f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.asname or alias.name.split(".")[0], alias.name
        elif isinstance(node, ast.Dict):  # a table for lazy imports: name -> module
            for key, value in zip(node.keys, node.values, strict=True):
                if (
                    isinstance(key, ast.Constant)
                    and isinstance(key.value, str)
                    and isinstance(value, ast.Constant)
                ):
                    yield key.lineno, key.value, str(value.value)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.lineno, node.name, None
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id, None


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _outside_functions(child)


def violations(root: Path) -> list[str]:
    """One line, ``file:line: message``, for every violation in the package folder `root`."""
    modules = read_modules(root)
    known = {module.parts for module in modules}
    found = []
    for module in modules:
        for line, message in (
            *unknown_room(module),
            *floor_violations(module, known),
            *shadowing_names(module, known),
        ):
            found.append(f"{module.path}:{line}: {message}")
    return list(dict.fromkeys(found))


def main() -> int:
    """Print the violations; the exit code."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "src" / PACKAGE
    found = violations(root)
    print(*found, sep="\n") if found else print(f"The imports of {root.name} keep to the floors.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
