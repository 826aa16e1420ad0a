"""What every refusal must be: one sentence on one line that says what was given and what to do."""

import re
from typing import Any

import pytest

LONGEST = 320


def refused(error: type[Exception], match: str, function: Any, *args: Any, **kwargs: Any) -> str:
    """Call `function`, which must raise `error` with one sentence that holds `match`; the sentence."""
    with pytest.raises(error, match=match) as caught:
        function(*args, **kwargs)
    sentence = str(caught.value)
    assert is_one_sentence(sentence), f"not one sentence: {sentence!r}"
    return sentence


def is_one_sentence(text: str) -> bool:
    """Whether the text is one line of sane length in which no second sentence begins."""
    return "\n" not in text and len(text) <= LONGEST and re.search(r"\.\s+[A-Z]", text) is None
