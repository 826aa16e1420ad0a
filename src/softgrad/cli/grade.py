"""``softgrad check --grade``: a folder of submissions, each checked in a process of its own, as a table."""

import csv
import io
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from softgrad.cli.check_process import Outcome, Request, check_in_process
from softgrad.cli.exits import UserError
from softgrad.cli.files import check_output_path
from softgrad.cli.printing import printable
from softgrad.table.atomic import write_atomically
from softgrad.table.errors import quote
from softgrad.table.spreadsheet import inert

__all__ = ["Grade", "check_folder", "show_grades", "submissions", "write_grades"]

_MOST_AT_ONCE = 8
_COLOURS = {"right": "green", "wrong": "red", "not checked": "yellow"}


@dataclass(frozen=True)
class Grade:
    """One submission: right, wrong or not checked, and why."""

    file: str
    verdict: str
    code: str
    summary: str
    fix: str
    seconds: float
    report: str

    def row(self) -> dict[str, Any]:
        """The columns of the table."""
        return {
            name: getattr(self, name) for name in ("file", "verdict", "code", "summary", "fix", "seconds")
        }


def submissions(folder: str, output: str, data: str) -> list[Path]:
    """The .py files of a folder, by name, once it is certain that the table can be written.

    Raises
    ------
    UserError
        One sentence.
    """
    if not Path(folder).is_dir():
        what = "is no folder" if Path(folder).exists() else "does not exist"
        raise UserError(f"{quote(folder)} {what}: give --grade a folder of .py files")
    files = sorted(path for path in Path(folder).iterdir() if path.suffix.lower() == ".py" and path.is_file())
    if not files:
        raise UserError(f"the folder {quote(folder)} has no .py files: give --grade a folder of submissions")
    if output:
        check_output_path(output, (data,) if data else ())
    return files


def check_folder(files: list[Path], settings: dict[str, Any], data: bytes) -> list[Grade]:
    """Check all files, a few at a time; an interrupt leaves none of their processes."""
    stop = threading.Event()

    def check(path: Path) -> Grade:
        request = Request(
            file=str(path.resolve()),
            gradient="gradient",
            value=None,
            value_file=None,
            maybe_values=("value", "loss"),
            file_may_say=True,
            **settings,
        )
        return _grade(path.name, check_in_process(request, data, stop))

    with ThreadPoolExecutor(min(_MOST_AT_ONCE, os.cpu_count() or 1)) as pool:
        futures = [pool.submit(check, path) for path in files]
        try:
            return [future.result() for future in futures]
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)


def _grade(name: str, outcome: Outcome) -> Grade:
    name = printable(name)
    report = outcome.report
    if report is None:
        return Grade(name, "not checked", "", printable(outcome.error), "", outcome.seconds, "")
    verdict = "right" if report.ok else "wrong"
    first = report.diagnoses[0] if report.diagnoses else None
    code, summary, fix = (first.code, first.summary, first.fix) if first else ("", "", "")
    return Grade(name, verdict, code, summary, fix, outcome.seconds, str(report))


def show_grades(console: Console, grades: list[Grade], output: str) -> None:
    """Print the table without its fixes, and the counts."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("file", "verdict", "code", "summary"):
        table.add_column(name, overflow="fold", min_width=len(name))
    for grade in grades:
        verdict = Text(grade.verdict, style=_COLOURS[grade.verdict])
        table.add_row(Text(grade.file), verdict, Text(grade.code), Text(grade.summary))
    console.print(table, soft_wrap=False)
    console.print(_counts(grades) + (f"; written to {output}" if output else ""))


def _counts(grades: list[Grade]) -> str:
    counts = (f"{sum(grade.verdict == name for grade in grades)} {name}" for name in _COLOURS)
    return f"{len(grades)} files: {', '.join(counts)}"


def write_grades(grades: list[Grade], output: str) -> None:
    """Write the table as CSV or HTML, as the suffix says, whole or not at all.

    Raises
    ------
    OSError
        Where the folder or the disk refuses.
    """
    text = _html(grades) if Path(output).suffix.lower() == ".html" else _csv(grades)
    write_atomically(output, lambda stream: stream.write(text.encode("utf-8", "backslashreplace")))


def _csv(grades: list[Grade]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(grades[0].row())
    writer.writerows([inert(cell) for cell in grade.row().values()] for grade in grades)
    return text.getvalue()


_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; }
div { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8886; padding: .4rem .6rem; text-align: left; vertical-align: top; }
td:last-child, th:last-child { text-align: right; }
pre { white-space: pre-wrap; }
.right { color: light-dark(#176b2c, #7bd88f); } .wrong { color: light-dark(#a11b1b, #ff9d94); }
.not-checked { color: light-dark(#7a5200, #ffcf70); }
"""


def _html(grades: list[Grade]) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in grades[0].row())
    body = "\n".join(_html_row(grade) for grade in grades)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>softgrad check: grades</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>softgrad check</h1>\n<p>{_counts(grades)}.</p>\n<div><table>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>\n</body>\n</html>\n"
    )


def _html_row(grade: Grade) -> str:
    kind = grade.verdict.replace(" ", "-")
    report = grade.report and f"<details><summary>report</summary><pre>{escape(grade.report)}</pre></details>"
    return (
        f'<tr><td>{escape(grade.file)}</td><td class="{kind}">{grade.verdict}</td><td>{escape(grade.code)}</td>'
        f"<td>{escape(grade.summary)}{report}</td><td><code>{escape(grade.fix)}</code></td>"
        f"<td>{grade.seconds:.1f}</td></tr>"
    )
