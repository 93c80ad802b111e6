# Licensed to the Apache Software Foundation (ASF) under one
# or more contributor license agreements.  See the NOTICE file
# distributed with this work for additional information
# regarding copyright ownership.  The ASF licenses this file
# to you under the Apache License, Version 2.0 (the
# "License"); you may not use this file except in compliance
# with the License.  You may obtain a copy of the License at
#
#   http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing,
# software distributed under the License is distributed on an
# "AS IS" BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY
# KIND, either express or implied.  See the License for the
# specific language governing permissions and limitations
# under the License.
"""Folds of strings, against ONNX Runtime, and regular expressions against RE2 in it."""

import numpy as np
import pytest
from fold_cases import compare, model_of, words
from mxnet.contrib.onnx.folding import NotFolded, folds
from mxnet.contrib.onnx.folding import strings as family
from mxnet.contrib.onnx.folding.regular_expressions import compiled
from mxnet.contrib.onnx.folding.strings import from_strings, to_strings
from running import Session

TEXTS = words("a b", "", "  c  d e ", "f,g,,h", ",", "日 本", shape=(2, 3))
POOL = {
    "ngram_counts": [0, 3, 7],
    "ngram_indexes": [4, 0, 1, 2, 3, 5],
    "min_gram_length": 1,
    "max_gram_length": 3,
    "max_skip_count": 1,
}
POOLS = {
    "pool_int64s": [2, 5, 7, 2, 5, 5, 7, 2, 5, 7],
    "pool_strings": ["b", "e", "g", "b", "e", "e", "g", "b", "e", "g"],
}
WEIGHTS = [0.5, 2.0, 3.0, 0.25, 1.5, 7.0]
TOKENS = np.array([[2, 5, 7, 7, 2, 5], [5, 5, 7, 1, 2, 2]])
CASES = [
    ("StringConcat", 20, {}, (words("a", "b", shape=(2, 1)), words("x", "", "ü"))),
    ("StringConcat", 20, {}, (words("a", shape=()), words("b", shape=()))),
    ("StringSplit", 20, {"delimiter": ","}, (TEXTS[1:],), 2),
    ("StringSplit", 20, {"delimiter": ",", "maxsplit": 1}, (TEXTS[1:],), 2),
    ("StringSplit", 20, {"delimiter": " "}, (words("a b", "c  d"),), 2),
    ("StringSplit", 20, {}, (TEXTS,), 2),
    ("StringSplit", 20, {"maxsplit": 1}, (words("a b c", "d e"),), 2),
    ("StringNormalizer", 10, {}, (words("Mo", "Tu", "mo"),)),
    *(
        (
            "StringNormalizer",
            10,
            {
                "case_change_action": action,
                "is_case_sensitive": exact,
                "stopwords": ["mo", "wE"],
                "locale": "C.UTF-8",  # ONNX Runtime asks the system for it
            },
            (words("Mo", "tu", "mo", "WE", "ß", "Éa", shape=(1, 6)),),
        )
        for action in ("LOWER", "UPPER", "NONE")
        for exact in (0, 1)
    ),
    (
        "StringNormalizer",
        10,
        {"stopwords": ["a", "b"], "is_case_sensitive": 1},
        (words("a", "b"),),
    ),
    ("RegexFullMatch", 20, {"pattern": r"(\W|^)[\w.\-]{0,25}@x\.(com|org)"}, (words("me@x.com"),)),
    *(
        (
            "TfIdfVectorizer",
            9,
            {**POOL, "mode": mode, "weights": WEIGHTS, "pool_int64s": POOLS["pool_int64s"]},
            (tokens,),
        )
        for mode in ("TF", "IDF", "TFIDF")
        for tokens in (TOKENS, TOKENS[0], TOKENS.astype(np.int32))
    ),
    (
        "TfIdfVectorizer",
        9,
        {**POOL, "mode": "TF", "pool_strings": POOLS["pool_strings"]},
        (words("b", "e", "g", "g", "b", "e"),),
    ),
    (
        "TfIdfVectorizer",
        9,
        {**POOL, "mode": "TF", "min_gram_length": 2, "max_gram_length": 2, "max_skip_count": 3,
         "pool_int64s": POOLS["pool_int64s"]},
        (TOKENS[:, :2],),
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[2]}"[:90])
def test_fold_computes_what_onnx_runtime_does(case):
    op_type, version, attributes, arrays, *outputs = case
    compare(op_type, version, attributes, *arrays, outputs=(*outputs, 1)[0])


def test_every_operator_of_the_family_has_a_case():
    assert {row.op_type for row in family.table} == {case[0] for case in CASES}


def test_nothing_to_split_is_an_empty_list_each():
    """With a delimiter nothing is one empty string, as ONNX's reference has it."""
    split = folds.find("StringSplit", 20).function
    assert split(words(""), delimiter=",")[1].tolist() == [1]
    parts, counts = split(words("", ""))
    assert parts.shape == (2, 0) and counts.tolist() == [0, 0]
    parts, counts = split(np.empty((0, 3), object))
    assert parts.shape == (0, 3, 0) and counts.shape == (0, 3)


def test_letters_of_some_languages_are_left_alone():
    normalize = folds.find("StringNormalizer", 10).function
    options = {"is_case_sensitive": 1, "case_change_action": "UPPER"}
    with pytest.raises(NotFolded, match="locale tr_TR"):
        normalize(words("i"), locale="tr_TR", **options)
    assert normalize(words("i"), locale="en_US", **options).tolist() == ["I"]
    with pytest.raises(ValueError, match="shape"):
        normalize(words("a", "b", shape=(2, 1)), **options)


# -- regular expressions -----------------------------------------------------------------------

SUBJECTS = (
    *("", "a", "b", "ab", "aab", "abc", "a\n", "a\nb", "\n", "A", "aB", "1", "12", "a1_", "é", "É"),
    *(" ", "\t", "\v", "a b", "a.b", "a-b", "]", "[", "^", "-", "\\", "(a)", "{,2}", "a{,2}", "٣"),
    *("日本", "x" * 5, "&&", "a|b", "$", "a$", "\x7f", "k", "\u212a"),
)
PATTERNS = (
    *("a", "a*", "a+b?", "(a|b)*", "a{2}b", "a{1,2}b", "a{1,}b", "a{,2}", "{,2}", "a*?b", "[ab]+"),
    *(r"\d+", r"\D", r"\w+", r"\W", r"\s", r"\S+", ".", ".*", r"a.b", r"a\.b", "(?s).*", "(?i)ab"),
    *("^a$", "^", "$", r"a$\n", r"a\n$", "(?m)a$\nb", r"\Aa\z", r"\ba\b.*", r".*\B.*", r"(?i)K"),
    *("[^a]", "[]a]", "[^]a]", "[a-c]+", r"[\d_a]+", r"[\W]", r"[^\d]", "[[:alpha:]]+", "[a-]+"),
    *("[[:^alpha:]]", "[^[:space:]]", "[[:word:]]+", "[[:punct:]]", "[[:cntrl:]]", "[&&]+"),
    *("(?P<n>a)b", "(?:a|b)+", "(?i:a)B", "(?U)a+b", r"\x61", r"\x{65e5}本", r"\141", r"\Qa.b\E"),
    *(r"\Q(a)\E", r"\t", r"\v", r"\\", r"\]", r"[\]\[\\^-]", "x{5}", "日本", "(?i)é", "a|", "|a"),
    *(r"[\x00-\x7f]+", "(?-s)a.b", "(?i-s:A.b)", "()", "(a)(b)?"),
)
#: RE2 refuses them, and so must this.
MALFORMED = (
    *("(", ")", "[", "a**", "*a", "a{1001}", r"\Z", r"(a)\1", "(?=a)", "(?!a)", "(?<=a)b", "(?#a)"),
    *("[b-a]", "a{2}{3}", "[[:nope:]]", "\\", r"\u0061", "(?>a)", "a++", "(?P=n)", r"\8"),
)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_expressions_mean_what_they_do_in_re2(pattern):
    compare("RegexFullMatch", 20, {"pattern": pattern}, words(*SUBJECTS))


@pytest.mark.parametrize("pattern", MALFORMED)
def test_what_re2_refuses_is_refused(pattern):
    with pytest.raises(Exception, match="regex|Regex|pattern"):
        Session(model_of("RegexFullMatch", 20, {"pattern": pattern}, [words("a")]))
    with pytest.raises(ValueError):
        compiled(pattern)


@pytest.mark.parametrize("pattern", [r"\pL", r"\p{Greek}", r"[\pN]", r"\C", "a(?i)b"])
def test_what_python_cannot_say_is_not_folded(pattern):
    with pytest.raises(NotFolded):
        compiled(pattern)


# -- conversions -------------------------------------------------------------------------------


def test_numbers_in_words_and_back():
    for array in (
        np.array([0.1, 1e10, -3.5, 123456.789, np.pi], np.float32),
        np.array([0.1, 1 / 3, 1e-300]),
        np.array([-5, 2**62]),
        np.array([True, False]),
    ):
        np.testing.assert_array_equal(from_strings(to_strings(array), array.dtype), array)
    special = to_strings(np.array([np.inf, -np.inf, np.nan], np.float32))
    assert special.tolist() == ["INF", "-INF", "NaN"]
    back = from_strings(words("inf", "+INF", "-INF", "NaN"), np.dtype(np.float32))
    assert back[:3].tolist() == [np.inf, np.inf, -np.inf] and np.isnan(back[3])


@pytest.mark.parametrize("text, dtype", [("x", "float32"), ("1_0", "int64"), ("300", "uint8")])
def test_what_spells_no_number_is_an_error(text, dtype):
    with pytest.raises(ValueError):
        from_strings(words(text), np.dtype(dtype))
