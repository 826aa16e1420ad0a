"""The model file: what comes back, what is refused, and that no damage goes unnoticed."""

import io
import json
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import softgrad
from softgrad import modelfile
from softgrad.modelfile import ModelFileError
from softgrad.table import Boolean, Category, Columns, Numeric, Target

X = np.random.default_rng(0).normal(size=(60, 3))
CODES = np.argmax(X + np.random.default_rng(1).normal(size=(60, 3)), axis=1)
NAMES = np.array(["ant", "bee", "cat"])


def fitted(labels: Any = NAMES, **parameters: Any) -> softgrad.SoftmaxRegression:
    return softgrad.SoftmaxRegression(**parameters).fit(X, np.asarray(labels)[CODES])


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "m.softgrad"
    modelfile.save(path, fitted())
    return path


def rewritten(path: Path, change: Callable[[dict[str, Any]], object], **members: bytes) -> bytes:
    """The file with its model.json changed, as someone with ill intent would: the checksums are right."""
    stream = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(stream, "w") as new:
        for name in old.namelist():
            data = members.get(name.partition(".")[0], old.read(name))
            if name == "model.json":
                meta = json.loads(data)
                change(meta)
                data = json.dumps(meta).encode()
            new.writestr(name, data)
    return stream.getvalue()


def refusal(path: Path, data: bytes) -> str:
    target = path.with_name("changed.softgrad")
    target.write_bytes(data)
    with pytest.raises(ModelFileError) as caught:
        modelfile.load(target)
    return str(caught.value)


class TestRoundTrip:
    @pytest.mark.parametrize(
        "labels",
        [
            NAMES,
            NAMES.astype(object),
            np.array(["\u00e9t\u00e9", "\u20ac", "\U0001f600"]),
            np.array([-5, 2, 9]),
            np.array([0, 7, 255], dtype=np.uint8),
            np.array([-1.0, 2.0, 1e15]),
            np.array([False, True, True]),
        ],
        ids=str,
    )
    def test_labels_keep_their_type(self, tmp_path: Path, labels: Any) -> None:
        model = fitted(labels)
        model.save(tmp_path / "m")
        loaded = softgrad.load(tmp_path / "m")
        assert loaded.classes_.dtype == model.classes_.dtype
        assert loaded.classes_.tolist() == model.classes_.tolist()
        assert np.array_equal(loaded.predict_proba(X), model.predict_proba(X))
        assert np.array_equal(loaded.predict(X), model.predict(X))

    def test_figures_and_parameters(self, tmp_path: Path) -> None:
        weights = {"ant": 1, "bee": 2.5, "cat": np.float64(0.5)}
        model = fitted(C=np.inf, class_weight=weights, random_state=3, tol=1e-4)
        model.save(tmp_path / "m")
        loaded = softgrad.load(tmp_path / "m")
        assert loaded.get_params() == model.get_params()
        for name in ("objective_", "decrement_", "n_iter_", "n_passes_", "n_features_in_", "status_"):
            assert getattr(loaded, name) == getattr(model, name), name
        assert np.isnan(loaded.gap_)
        assert loaded.status_.sentence == model.status_.sentence
        assert loaded.history_ == []
        assert not hasattr(loaded, "feature_names_in_")

    def test_weights_by_integer_label_and_classes(self, tmp_path: Path) -> None:
        model = fitted(
            [3, 4, 5], class_weight={3: 1.0, np.int64(4): 2.0, 5: 1.0}, classes=np.array([3, 4, 5])
        )
        model.save(tmp_path / "m")
        loaded = softgrad.load(tmp_path / "m")
        assert loaded.class_weight == model.class_weight
        assert loaded.classes.tolist() == [3, 4, 5]

    def test_feature_names(self, tmp_path: Path) -> None:
        pandas = pytest.importorskip("pandas")
        frame = pandas.DataFrame(X, columns=["a", "b", "c"])
        softgrad.SoftmaxRegression().fit(frame, CODES).save(tmp_path / "m")
        loaded = softgrad.load(tmp_path / "m")
        assert loaded.feature_names_in_.tolist() == ["a", "b", "c"]
        assert loaded.predict(frame).shape == (60,)

    def test_two_classes_sparse_coefficients_and_fortran_order(self, tmp_path: Path) -> None:
        model = softgrad.SoftmaxRegression().fit(X, CODES > 0)
        model.coef_ = np.asfortranarray(model.coef_)
        model.save(tmp_path / "m")
        assert np.array_equal(softgrad.load(tmp_path / "m").predict_proba(X), model.predict_proba(X))
        many = fitted()
        many.coef_ = np.asfortranarray(many.coef_)
        many.save(tmp_path / "m")
        assert softgrad.load(tmp_path / "m").coef_.flags.f_contiguous
        many.sparsify().save(tmp_path / "m")
        loaded = softgrad.load(tmp_path / "m")
        assert hasattr(loaded.coef_, "toarray")
        assert np.array_equal(loaded.predict_proba(X), many.predict_proba(X))

    def test_an_absent_class_keeps_its_intercept_of_minus_infinity(self, tmp_path: Path) -> None:
        model = fitted(classes=["ant", "bee", "cat", "dog"])
        assert model.intercept_[3] == -np.inf
        model.save(tmp_path / "m")
        loaded = softgrad.load(tmp_path / "m")
        assert np.array_equal(loaded.intercept_, model.intercept_)
        assert not loaded.predict_proba(X)[:, 3].any()

    def test_the_column_schema(self, tmp_path: Path) -> None:
        features = (
            Numeric("a", whole=True, fill=2),
            Boolean("b", fill=True),
            Category("c", ("x=\u00e9",), "x=\u00e9"),
        )
        columns = Columns(Target("y", "text"), features)
        modelfile.save(tmp_path / "m", fitted(), columns)
        assert modelfile.load_with_columns(tmp_path / "m")[1] == columns

    def test_the_same_model_gives_the_same_bytes(self, tmp_path: Path, saved: Path) -> None:
        modelfile.save(tmp_path / "m", fitted())
        assert (tmp_path / "m").read_bytes() == saved.read_bytes()

    def test_a_clean_process_predicts_bit_for_bit(self, tmp_path: Path, saved: Path) -> None:
        np.save(tmp_path / "X.npy", X)
        code = (
            "import sys, numpy, softgrad; model = softgrad.load(sys.argv[1]); "
            "numpy.save(sys.argv[3], model.predict_proba(numpy.load(sys.argv[2])))"
        )
        paths = [str(saved), str(tmp_path / "X.npy"), str(tmp_path / "proba.npy")]
        subprocess.run([sys.executable, "-c", code, *paths], check=True, timeout=60)
        assert np.array_equal(np.load(tmp_path / "proba.npy"), fitted().predict_proba(X))

    def test_numpy_reads_the_arrays(self, saved: Path) -> None:
        with np.load(saved) as archive:
            assert np.array_equal(archive["coef"], fitted().coef_)

    def test_what_it_was_written_with(self, saved: Path) -> None:
        assert modelfile.describe(saved) == {"format_version": 1, "softgrad_version": softgrad.__version__}


class TestSaving:
    def test_an_unfitted_estimator_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ModelFileError, match="not fitted"):
            modelfile.save(tmp_path / "m", softgrad.SoftmaxRegression())
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize(
        ("classes", "words"),
        [
            (np.array([1, "a", None], dtype=object), "an array of object"),
            (np.array([1, 2, 3], dtype=complex), "an array of complex128"),
            (np.array(["2024", "2025", "2026"], dtype="M8[Y]"), "an array of datetime64"),
        ],
    )
    def test_labels_without_a_plain_form_are_refused(self, tmp_path: Path, classes: Any, words: str) -> None:
        model = fitted()
        model.classes_ = classes
        with pytest.raises(
            ModelFileError, match=f"the labels in classes_ cannot be saved: it is or holds {words}"
        ):
            modelfile.save(tmp_path / "m", model)
        assert not list(tmp_path.iterdir())

    def test_a_random_state_object_is_refused(self, tmp_path: Path) -> None:
        model = fitted(random_state=np.random.RandomState(0))
        with pytest.raises(ModelFileError, match=r"the parameter random_state cannot be saved.*RandomState"):
            modelfile.save(tmp_path / "m", model)

    def test_a_parameter_that_no_fit_takes_is_refused(self, tmp_path: Path) -> None:
        model = fitted().set_params(fit_intercept="")
        with pytest.raises(ModelFileError, match=r"fit_intercept='' was given; pass True or False"):
            modelfile.save(tmp_path / "m", model)
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
    def test_a_failure_leaves_the_old_file_and_no_other(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
    ) -> None:
        path = tmp_path / "m"
        path.write_bytes(b"old")

        def fail(*_: object) -> None:
            raise error

        monkeypatch.setattr("softgrad.table.atomic.os.fsync", fail)
        with pytest.raises(type(error)):
            modelfile.save(path, fitted())
        assert path.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [path]

    @pytest.mark.skipif(os.name == "nt", reason="POSIX permissions and devices")
    def test_permissions_links_and_devices(self, tmp_path: Path) -> None:
        path, link = tmp_path / "m", tmp_path / "link"
        modelfile.save(path, fitted())
        (tmp_path / "plain").touch()
        assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode
        path.chmod(0o640)
        link.symlink_to(path)
        modelfile.save(link, fitted(C=2.0))
        assert link.is_symlink()
        assert path.stat().st_mode & 0o777 == 0o640
        assert softgrad.load(path).C == 2
        modelfile.save("/dev/null", fitted())
        assert Path("/dev/null").is_char_device()


class TestDamage:
    def test_every_byte(self, tmp_path: Path, saved: Path) -> None:
        """A changed byte is noticed, or it is one of those that say nothing about the model (dates, say)."""
        whole, target = saved.read_bytes(), tmp_path / "m"
        expected = fitted()
        proba = expected.predict_proba(X)
        rng = np.random.default_rng(0)
        unnoticed = 0
        for place in range(len(whole)):
            changed = bytearray(whole)
            changed[place] ^= int(rng.integers(1, 256))
            target.write_bytes(changed)
            try:
                loaded = modelfile.load(target)
            except ModelFileError:
                continue
            unnoticed += 1
            assert loaded.get_params() == expected.get_params(), place
            assert loaded.classes_.tolist() == expected.classes_.tolist(), place
            assert np.array_equal(loaded.predict_proba(X), proba), place
        assert unnoticed < 0.2 * len(whole)

    def test_every_length(self, tmp_path: Path, saved: Path) -> None:
        whole = saved.read_bytes()
        for length in range(0, len(whole), 3):
            (tmp_path / "m").write_bytes(whole[:length])
            with pytest.raises(ModelFileError):
                modelfile.load(tmp_path / "m")

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "is empty"),
            (b"a,b\n1,2\n", "is not a softgrad model file"),
            (pickle.dumps({"coef_": 1}), "is not a softgrad model file"),
            (b"PK\x03\x04 but no more", "is damaged or cut short"),
            (os.urandom(1000), "is not a softgrad model file"),
        ],
        ids=["empty", "csv", "pickle", "magic", "noise"],
    )
    def test_foreign_files(self, tmp_path: Path, content: bytes, words: str) -> None:
        (tmp_path / "m").write_bytes(content)
        with pytest.raises(ModelFileError, match=words):
            modelfile.load(tmp_path / "m")

    def test_missing_files_and_folders(self, tmp_path: Path) -> None:
        with pytest.raises(ModelFileError, match="there is no model file"):
            modelfile.load(tmp_path / "none")
        with pytest.raises(ModelFileError, match="is not a file"):
            modelfile.load(tmp_path)

    def test_another_zip(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "m.npz", coef=X)
        with pytest.raises(ModelFileError, match="a zip archive, but not a softgrad model file"):
            modelfile.load(tmp_path / "m.npz")

    def test_a_newer_format(self, saved: Path) -> None:
        newer = rewritten(saved, lambda meta: meta.update(format_version=2))
        assert "is of model format 2, but this softgrad reads format 1: upgrade softgrad" in refusal(
            saved, newer
        )

    @pytest.mark.parametrize(
        "change",
        [
            {"format": None},
            {"coef_shape": [3, 4]},
            {"coef_shape": [3, 10**12]},
            {"coef_shape": [2, 3]},
            {"coef_shape": [3.0, 3]},
            {"coef_shape": "33"},
            {"classes": {"array": ["a", "b"], "dtype": "<U1"}},
            {"classes": {"array": ["a", "b", "c"], "dtype": "<U99999999"}},
            {"classes": {"array": ["a", "b", "c"], "dtype": "|O8"}},
            {"classes": {"array": [1, 2, 3], "dtype": "<U1"}},
            {"classes": {"array": [1, 2, 300], "dtype": "|u1"}},
            {"classes": None},
            {"parameters": {"no_such": 1}},
            {"parameters": {"C": {"unknown": 1}}},
            {"parameters": {"fit_intercept": ""}},
            {"parameters": {"C": -1.0}},
            {"status": {"name": "splendid", "sentence": ""}},
            {"fitted": {}},
            {"feature_names": ["a", "b"]},
            {"columns": {"target": {"name": "y", "kind": "text"}, "features": []}},
            {"columns": {"target": {"name": "y", "kind": "shape"}, "features": []}},
            {"columns": 5},
        ],
        ids=str,
    )
    def test_a_description_that_does_not_fit(self, saved: Path, change: dict[str, Any]) -> None:
        assert refusal(saved, rewritten(saved, lambda meta: meta.update(change)))

    def test_an_array_whose_own_header_claims_more(self, saved: Path) -> None:
        stream = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            stream, {"descr": "<f8", "fortran_order": False, "shape": (3, 10**9)}
        )
        data = stream.getvalue().ljust(72 + 128, b"\0")
        assert "damaged" in refusal(saved, rewritten(saved, lambda meta: None, coef=data))

    def test_an_array_of_objects_is_never_unpickled(self, saved: Path) -> None:
        stream = io.BytesIO()
        np.save(stream, np.array([print] * 9, dtype=object).reshape(3, 3), allow_pickle=True)
        assert "damaged" in refusal(saved, rewritten(saved, lambda meta: None, coef=stream.getvalue()))

    def test_compressed_members_are_refused_unread(self, tmp_path: Path, saved: Path) -> None:
        bomb = tmp_path / "bomb"
        with zipfile.ZipFile(saved) as old, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as new:
            new.writestr("model.json", b" " * 10_000_000)
            for name in ("coef.npy", "intercept.npy"):
                new.writestr(name, old.read(name))
        with pytest.raises(ModelFileError, match="damaged"):
            modelfile.load(bomb)

    def test_numbers_that_json_lacks_are_refused(self, saved: Path) -> None:
        changed = rewritten(saved, lambda meta: meta["fitted"].update(gap_=float("nan")))
        assert "damaged" in refusal(saved, changed)
