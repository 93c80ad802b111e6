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
"""Networks of GluonNLP, batch and length open: encoders with every head, language models, ELMo."""

import collections

import numpy as np
import pytest
from networks import assert_close_to_mxnet
from running import opsets

nlp = pytest.importorskip("gluonnlp", reason="GluonNLP is not installed")

WORDS = 500
N, T = 2, 17


def vocabulary(kind):
    counts = {f"w{k}": 2 * WORDS - k for k in range(WORDS)}
    return kind(collections.Counter(counts))


def encoder(name, cls=None, **heads):
    """A pretrained architecture with few words."""
    words = vocabulary(cls or nlp.vocab.BERTVocab)
    return nlp.model.get_model(
        name, dataset_name=None, vocab=words, pretrained=False, **heads
    )[0]  # fmt: skip


def small_bert(**heads):
    """BERT of two layers of 48 units."""
    inner = nlp.model.BERTEncoder(
        num_layers=2, units=48, hidden_size=96, num_heads=4, max_length=64, dropout=0.1,
    )  # fmt: skip
    return nlp.model.BERTModel(
        inner, vocab_size=WORDS, token_type_vocab_size=2, units=48, embed_size=48, **heads
    )


NO_HEADS = {"use_decoder": False, "use_classifier": False, "use_pooler": False}
POOLED = {"use_decoder": False, "use_classifier": False}


def ids(rng, *shape):
    return rng.integers(0, WORDS, shape).astype(np.float32)


def sentences(rng, n, t):
    """Words, kinds of words and lengths."""
    kinds = np.zeros((n, t), np.float32)
    kinds[:, t // 2 :] = 1
    lengths = np.array([t, t // 2, t - 1][:n], np.float32)
    return [ids(rng, n, t), kinds, lengths]


def masked(rng, n, t):
    return [*sentences(rng, n, t), np.stack([np.arange(3), np.arange(2, 5)] * 2)[:n].astype("f")]


def words_and_lengths(rng, n, t):
    words, _, lengths = sentences(rng, n, t)
    return [words, lengths]


THREE = [("N", "T"), ("N", "T"), ("N",)]
#: Name to what builds the network, what draws its inputs, and the shapes of these.
ENCODERS = {
    "BERT": (lambda: small_bert(**NO_HEADS), sentences, THREE),
    "BERT, pooled": (lambda: small_bert(**POOLED), sentences, THREE),
    "BERT, all heads": (small_bert, masked, [*THREE, ("N", 3)]),
    "BERT, base": (lambda: encoder("bert_12_768_12", **POOLED), sentences, THREE),
    "BERT for classes": (
        lambda: nlp.model.BERTClassifier(small_bert(**POOLED), num_classes=3), sentences, THREE,
    ),
    "RoBERTa": (
        lambda: encoder("roberta_12_768_12", nlp.Vocab, use_decoder=False),
        words_and_lengths,
        [("N", "T"), ("N",)],
    ),
    "DistilBERT": (
        lambda: encoder("distilbert_6_768_12"), words_and_lengths, [("N", "T"), ("N",)],
    ),
    "ERNIE": (lambda: encoder("ernie_12_768_12", **POOLED), sentences, THREE),
}  # fmt: skip


@pytest.mark.parametrize("name", ENCODERS)
def test_encoder(name, tmp_path):
    build, draw, shapes = ENCODERS[name]
    rng = np.random.default_rng(5)
    batches = [draw(rng, N, T), draw(rng, 1, 9)]
    assert_close_to_mxnet(build, batches, shapes, opsets(), tmp_path)


def language_model(name):
    """A recurrent language model that takes its states one by one."""
    import mxnet as mx

    class Flat(mx.gluon.HybridBlock):
        def __init__(self):
            super().__init__()
            with self.name_scope():
                # GluonNLP's own dropout of the standard ones knows NDArrays alone
                more = {} if "awd" in name else {"dropout": 0}
                self.model = nlp.model.get_model(
                    name, dataset_name=None, vocab=vocabulary(nlp.Vocab), pretrained=False, **more
                )[0]

        def hybrid_forward(self, F, words, *states):
            if "awd" in name:  # a list of the states of each layer
                states = [list(pair) for pair in zip(states[::2], states[1::2])]
            output, states = self.model(words, list(states))
            return output, states

    return Flat()


#: Sizes of the states of each model: layers of its own, or all in one.
LANGUAGE_MODELS = {
    "awd_lstm_lm_600": [600, 600, 600, 600, 200, 200],
    "awd_lstm_lm_1150": [1150, 1150, 1150, 1150, 400, 400],
    "standard_lstm_lm_200": [200, 200],
    "standard_lstm_lm_650": [650, 650],
    "standard_lstm_lm_1500": [1500, 1500],
}


@pytest.mark.parametrize("name", LANGUAGE_MODELS)
def test_language_model(name, tmp_path):
    rng, sizes = np.random.default_rng(6), LANGUAGE_MODELS[name]
    layers = 1 if "awd" in name else 2

    def draw(n, t):
        states = [0.1 * rng.normal(size=(layers, n, size)).astype(np.float32) for size in sizes]
        return [ids(rng, t, n), *[s.astype(np.float32) for s in states]]

    shapes = [("T", "N"), *((layers, "N", size) for size in sizes)]
    build = lambda: language_model(name)  # noqa: E731
    assert_close_to_mxnet(build, [draw(2, 7), draw(3, 5)], shapes, opsets(), tmp_path)
