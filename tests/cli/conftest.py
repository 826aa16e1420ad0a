"""A folder of small data files, good and bad, and a model fitted on one of them."""

import datetime as dt
import gzip
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest
from sklearn.datasets import load_iris

from tests.cli.running import invoke


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cli")
    _good_files(path)
    _bad_tables(path)
    fitted = invoke(
        "fit", str(path / "flowers.csv"), "--target", "species", "--model", str(path / "flowers.softgrad")
    )
    assert fitted.exit_code == 0, fitted.output
    _bad_models(path)
    return path


@pytest.fixture
def in_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    return folder


def flowers() -> pa.Table:
    iris = load_iris()
    names = [name.removesuffix(" (cm)").replace(" ", "_") for name in iris.feature_names]
    columns = {name: iris.data[:, j] for j, name in enumerate(names)}
    wide = np.where(iris.data[:, 1] > 3, "wide", "narrow")
    return pa.table(columns | {"shape": wide, "species": iris.target_names[iris.target]})


def _good_files(path: Path) -> None:
    table = flowers()
    pa.csv.write_csv(table, path / "flowers.csv")
    (path / "flowers.csv.gz").write_bytes(gzip.compress((path / "flowers.csv").read_bytes()))
    pa.csv.write_csv(table, path / "flowers.tsv", pa.csv.WriteOptions(delimiter="\t"))
    pa.parquet.write_table(table, path / "flowers.parquet")
    pa.feather.write_feather(table, str(path / "flowers.feather"))


def _bad_tables(path: Path) -> None:
    (path / "folder.csv").mkdir()
    texts = {
        "empty.csv": "",
        "header.csv": "a,b,y\n",
        "twice.csv": "a,a,y\n1,2,u\n",
        "nameless.csv": ",a,y\n0,1,u\n1,2,v\n",
        "ragged.csv": "a,b,y\n1,2,u\n\n3,4\n5,6,v\n",
        "spaces.docx": "a b\n",
        "gaps.csv": "a,b,y\n1,,u\n,x,v\n3,x,u\n,,v\n",
        "infinite.csv": "a,b,y\n1,inf,u\n2,3,v\n",
        "dates.csv": "a,day,y\n1,2024-01-31,u\n2,2024-02-01,v\n",
        "one.csv": "a,y\n1,u\n2,u\n",
        "rare.csv": "a,y\n" + "1,u\n2,v\n" * 9 + "3,w\n",
        "real.csv": "a,y\n1,0.5\n2,1.5\n",
        "unlabelled.csv": "a,y\n1,u\n2,\n3,v\n",
        "notes.csv": "note,y\n" + "".join(f"remark {i},{'uv'[i % 2]}\n" for i in range(60)),
        "amounts.csv": "a,y\n" + "".join(f"{i % 7},{i}\n" for i in range(60)),
        "ids.csv": "id,y\n123456789012345678,u\n123456789012345679,v\n",
        "blank.csv": "a,b,y\n1,,u\n2,,v\n",
        "clash.csv": "c,c=x,y\nx,1,u\nz,2,v\n",
        "tiny.csv": "a,y\n" + "1,u\n2,v\n3,w\n" * 2,
        "new_shape.csv": "sepal_length,sepal_width,petal_length,petal_width,shape\n5,3,1,1,wide\n5,3,1,1,round\n",
        "no_width.csv": "sepal_length,petal_length,petal_width,shape\n5,1,1,wide\n",
        "worded.csv": "sepal_length,sepal_width,petal_length,petal_width,shape\n5,3,1,1,wide\n5,big,1,1,wide\n",
        "gap.csv": "sepal_length,sepal_width,petal_length,petal_width,shape\n5,,1,1,wide\n",
        "other.csv": "sepal_length,sepal_width,petal_length,petal_width,shape,species\n5,3,1,1,wide,tulip\n",
    }
    for name, text in texts.items():
        (path / name).write_text(text)
    (path / "latin.csv").write_bytes("a,y\n1,é\n2,v\n".encode("latin-1"))
    (path / "wide.csv").write_bytes("a,y\n1,u\n".encode("utf-16"))
    (path / "torn.parquet").write_bytes((path / "flowers.parquet").read_bytes()[:-50])
    (path / "torn.csv.gz").write_bytes((path / "flowers.csv.gz").read_bytes()[:-50])
    (path / "disguised.csv").write_bytes((path / "flowers.parquet").read_bytes())
    lists = pa.table({"a": [[1], [2]], "t": [dt.datetime(2024, 1, 1)] * 2, "y": ["u", "v"]})
    pa.parquet.write_table(lists, path / "lists.parquet")


def _bad_models(path: Path) -> None:
    whole = (path / "flowers.softgrad").read_bytes()
    (path / "torn.softgrad").write_bytes(whole[:-100])
    (path / "pickle.softgrad").write_bytes(pickle.dumps({"coef": 1}))
    (path / "empty.softgrad").write_bytes(b"")
    with zipfile.ZipFile(path / "zip.softgrad", "w") as archive:
        archive.writestr("readme.txt", "hello")
