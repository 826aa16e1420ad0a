"""How long it takes before anything is done: imports and ``softgrad --help``, against scikit-learn's import.

    python benchmarks/imports.py [--rounds 15]

Each is a fresh interpreter, in turns, so that a busy machine slows all alike. What counts is the processor time of the
fastest round, less that of an interpreter that does nothing; `ratio` is to scikit-learn's LogisticRegression.
"""

import argparse
import resource
import subprocess
import sys

STATEMENTS = {
    "nothing": ["-c", "pass"],
    "import softgrad": ["-c", "import softgrad"],
    "from softgrad import SoftmaxRegression": ["-c", "from softgrad import SoftmaxRegression"],
    "from sklearn.linear_model import LogisticRegression": [
        "-c",
        "from sklearn.linear_model import LogisticRegression",
    ],
    "softgrad --help": ["-m", "softgrad", "--help"],
}
PEER = "from sklearn.linear_model import LogisticRegression"


def seconds(arguments: list[str]) -> float:
    """The processor time of one interpreter."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description="Import times in fresh interpreters.")
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    taken = {
        name: seconds(arguments) for name, arguments in STATEMENTS.items()
    }  # and compiles what is not yet
    for _ in range(rounds):
        for name, arguments in STATEMENTS.items():
            taken[name] = min(taken[name], seconds(arguments))
    print("| in a fresh interpreter | processor time | ratio |\n|---|---|---|")
    nothing = taken.pop("nothing")
    for name, value in taken.items():
        own, peer = value - nothing, taken[PEER] - nothing
        print(f"| `{name}` | {1e3 * own:.0f} ms | {own / peer:.3f} |")


if __name__ == "__main__":
    main()
