"""A real text corpus that every Debian machine can make: package descriptions as hashed words, sections as labels."""

import shutil
import subprocess
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer


def package_descriptions(n_features: int = 2**15) -> tuple[Any, Any] | None:
    """A CSR array of word counts (float64, rows scaled to length one) and codes of the sections with 50 rows or more.

    None where there is no apt-cache, or it knows few packages.
    """
    if shutil.which("apt-cache") is None:
        return None
    text = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, text=True, check=False).stdout
    pairs = [pair for pair in map(_section_and_words, text.split("\n\n")) if pair is not None]
    if len(pairs) < 5000:
        return None
    sections, words = zip(*pairs, strict=True)
    _, codes, counts = np.unique(sections, return_inverse=True, return_counts=True)
    common = counts >= 50
    kept = np.flatnonzero(common[codes])
    X = HashingVectorizer(n_features=n_features, alternate_sign=False).transform([words[i] for i in kept])
    renumbered = np.cumsum(common) - 1
    return X.tocsr(), renumbered[codes[kept]]


def _section_and_words(paragraph: str) -> tuple[str, str] | None:
    fields, last = {}, ""
    for line in paragraph.splitlines():
        if line.startswith(" "):
            fields[last] = fields.get(last, "") + line
        else:
            last, _, value = line.partition(":")
            fields[last] = value.strip()
    section = fields.get("Section", "").rpartition("/")[2]
    words = fields.get("Description-en") or fields.get("Description") or ""
    return (section, words) if section and words else None
