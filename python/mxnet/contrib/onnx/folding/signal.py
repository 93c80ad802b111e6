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
"""Windows and tables for spectra, on known arrays."""

from __future__ import annotations

import numpy as np

from onnx import helper

from .table import FoldingTable, bounded

table = FoldingTable()


@table.op("MelWeightMatrix", versions=(17,))
def mel_weight_matrix(
    num_mel_bins,
    dft_length,
    sample_rate,
    lower_edge_hertz,
    upper_edge_hertz,
    *,
    output_datatype,
):
    """A triangle a band, between frequencies that are equally spaced on the mel scale."""
    bands, length, rate = (int(a.reshape(())) for a in (num_mel_bins, dft_length, sample_rate))
    low, high = (float(a.reshape(())) for a in (lower_edge_hertz, upper_edge_hertz))
    bounded([length // 2 + 1, bands])
    low, high = (2595 * np.log10(1 + hertz / 700) for hertz in (low, high))
    step = (high - low) / (bands + 2)  # sic: the specification divides by the number of edges
    edges = 700 * (10 ** ((low + step * np.arange(bands + 2)) / 2595) - 1)
    edges = (((length + 1) * edges) // rate).astype(np.int64)
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    bins = np.arange(length // 2 + 1)[:, None]
    if edges.size and (edges.min() < 0 or edges.max() > bins[-1, 0]):
        raise ValueError(f"bands up to bin {edges.max()} of {len(bins)}")
    with np.errstate(divide="ignore", invalid="ignore"):
        rising = np.where(bins <= centre, (bins - left) / (centre - left), 0)
        falling = np.where(bins >= centre, (right - bins) / (right - centre), 0)
    rising = np.where((bins >= left) & (left < centre), rising, bins == centre)
    falling = np.where((bins < right) & (centre < right), falling, 0)
    weights = np.where((bins >= centre) & (centre < right), falling, rising)
    return weights.astype(helper.tensor_dtype_to_np_dtype(output_datatype))


def _window(*coefficients):
    """Fold of a sum of cosines of 0, 1, 2, ... turns."""

    def compute(size, *, output_datatype, periodic):
        count = int(size.reshape(()))
        bounded([count])
        with np.errstate(invalid="ignore"):  # one element that is both ends has no place
            turns = np.arange(count) / np.float64(count if periodic else count - 1)
        terms = [c * np.cos(2 * np.pi * k * turns) for k, c in enumerate(coefficients)]
        values = sum(reversed(terms))  # whose rounded sum is 1 in the middle
        return values.astype(helper.tensor_dtype_to_np_dtype(output_datatype))

    return compute


for _op_type, _coefficients in (
    ("HannWindow", (0.5, -0.5)),
    ("HammingWindow", (25 / 46, -21 / 46)),
    ("BlackmanWindow", (0.42, -0.5, 0.08)),
):
    table.op(_op_type, versions=(17,))(_window(*_coefficients))
