"""Make the data files of this folder from the copy of the digits that scikit-learn carries.

Usage: python examples/make_data.py [folder], by default the folder of this script. Needs pyarrow (softgrad[data]).
"""

import csv
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.datasets import load_digits

SIDE = 8
INK = 8  # a pixel of the binary images is 1 where at least half of its 16 points were black


def digits() -> dict[str, np.ndarray]:
    """Columns pixel_0_0 to pixel_7_7 (row, column; 0 to 16), then digit."""
    bunch = load_digits()
    pixels = bunch.data.astype(np.uint8)
    names = [f"pixel_{row}_{column}" for row in range(SIDE) for column in range(SIDE)]
    return {**dict(zip(names, pixels.T, strict=True)), "digit": bunch.target.astype(np.uint8)}


def binary(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same digits with every pixel 0 or 1."""
    return {
        name: values if name == "digit" else (values >= INK).astype(np.uint8)
        for name, values in columns.items()
    }


def write(columns: dict[str, np.ndarray], stem: Path) -> None:
    """Write the columns as stem.parquet and stem.csv."""
    pq.write_table(
        pa.table(columns), stem.with_suffix(".parquet"), compression="zstd", row_group_size=1 << 20
    )
    with stem.with_suffix(".csv").open("w", newline="", encoding="ascii") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(np.column_stack(list(columns.values())).tolist())


def main(folder: Path) -> None:
    """Write the four data files into `folder`."""
    columns = digits()
    write(columns, folder / "digits")
    write(binary(columns), folder / "digits_binary")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
