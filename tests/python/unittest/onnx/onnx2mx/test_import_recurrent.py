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
"""Import rows: recurrent layers."""

import itertools

import numpy as np
import pytest
from import_cases import array, case, check, known, normal, uniform

T, N, INPUT, H = 5, 3, 4, 6
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


def _layer(op, ways=1, bias=True, initial=False, layout=0, make=known, **more):
    """The inputs of one layer; states and sequences are inputs, the weights made by ``make``."""
    gates = GATES[op]
    arrays = {
        "x": normal(*((N, T, INPUT) if layout else (T, N, INPUT))),
        "w": make(normal(ways, gates * H, INPUT) / 2),
        "r": make(normal(ways, gates * H, H) / 2),
    }
    if bias:
        arrays["b"] = make(normal(ways, 2 * gates * H) / 2)
    if initial:
        state = (N, ways, H) if layout else (ways, N, H)
        arrays["h"] = normal(*state)
        if op == "LSTM":
            arrays["c"] = normal(*state)
    return {**arrays, **more}


def _text(op, attributes="", inputs="x, w, r, b", outputs=None):
    outputs = outputs or ("y, yh, yc" if op == "LSTM" else "y, yh")
    hidden = f"hidden_size={H}"
    return f"{outputs} = {op} <{', '.join(filter(None, [hidden, attributes]))}> ({inputs})"


CASES = []
for _op in GATES:
    for _version in (1, 3, 7, 14, 22) if _op == "GRU" else (1, 7, 14, 22):
        _from = {"as_opset": 7} if _version < 7 else {}
        _whole = "linear_before_reset=1" if _op == "GRU" and _version > 1 else ""
        if _op == "GRU" and _version == 1:  # it had no such attribute: resets come first
            CASES.append(case(1, _text(_op), **_layer(_op), **_from))
            continue
        CASES.append(case(_version, _text(_op, _whole), dynamic=(T, N), **_layer(_op), **_from))
    _whole = "linear_before_reset=1" if _op == "GRU" else ""
    _states = "x, w, r, b, , h, c" if _op == "LSTM" else "x, w, r, b, , h"
    for _direction, _layout in itertools.product(("forward", "reverse", "bidirectional"), (0, 1)):
        _ways = 2 if _direction == "bidirectional" else 1
        _more = ", ".join(filter(None, [_whole, f'direction="{_direction}"', f"layout={_layout}"]))
        if _layout:  # ONNX Runtime has none
            CASES.append(
                case(
                    14,
                    _text(_op, _more, _states),
                    **_layer(_op, _ways, initial=True, layout=1),
                    expected=lambda op=_op, m=_more, s=_states, **a: _by_steps_first(op, m, s, a),
                )
            )
        else:
            CASES += [
                case(14, _text(_op, _more), dynamic=(T, N), **_layer(_op, _ways)),
                case(
                    14,
                    _text(_op, _more, _states),
                    dynamic=(T, N),
                    **_layer(_op, _ways, initial=True),
                ),
                case(14, _text(_op, _more), **_layer(_op, _ways, make=lambda a: a)),
            ]
        if not _layout:
            CASES += [  # step by step
                case(
                    14,
                    _text(_op, f"{_more}, clip=0.4", _states),
                    dynamic=(T, N),
                    **_layer(_op, _ways, initial=True),
                ),
                case(
                    14,
                    _text(_op, _more, _states.replace(", ,", ", n,")),
                    n=array([T, 2, 3], "int32"),
                    dynamic=(T, N),
                    bigger={T: 70},
                    **_layer(_op, _ways, initial=True),
                ),
            ]
    CASES += [
        case(14, _text(_op, _whole, "x, w, r"), dynamic=(T, N), **_layer(_op, bias=False)),
        case(
            14, _text(_op, _whole, "x, w, r, b, n"), n=known(np.full(N, T, "int32")), **_layer(_op)
        ),
        case(
            14,
            _text(_op, f"{_whole}, clip=0.4" if _whole else "clip=0.4", "x, w, r"),
            **_layer(_op, bias=False),
        ),
        case(
            14,
            _text(_op, 'direction="bidirectional"'),
            **_layer(_op),
            refused="directions|num_directions",
        ),
    ]
CASES += [
    case(14, _text("LSTM", "", outputs="y"), **_layer("LSTM"), dynamic=(T, N)),
    case(14, _text("LSTM", "", outputs=", , yc"), **_layer("LSTM"), dynamic=(T, N)),
    case(
        14,
        _text("LSTM", "", "x, w, r, b, , h, c, p"),
        **_layer("LSTM", initial=True),
        p=known(1, 3 * H),
    ),
    case(
        14,
        _text("LSTM", 'direction="bidirectional"', "x, w, r, b, , , , p"),
        **_layer("LSTM", 2),
        p=known(2, 3 * H),
    ),
    case(14, _text("LSTM", "input_forget=1"), **_layer("LSTM")),
    case(14, _text("GRU"), **_layer("GRU"), dynamic=(T, N)),
    case(14, _text("GRU", "clip=0.3"), **_layer("GRU")),
    case(14, _text("RNN", 'activations=["Relu"]'), **_layer("RNN"), dynamic=(T, N)),
]
for _functions, _numbers in (
    (("Sigmoid", "Relu", "Softsign"), ""),
    (("hardsigmoid", "Softplus", "tanh"), ""),
    (("HardSigmoid", "Elu", "LeakyRelu"), ""),
    (("HardSigmoid", "ScaledTanh", "Affine"), "[0.3, 0.7, 0.9], activation_beta=[0.4, 0.2, 0.1]"),
    (("Sigmoid", "LeakyRelu", "Elu"), "[0.3, 0.7]"),
    (("Sigmoid", "Tanh", "ThresholdedRelu"), "[0.3]"),
):
    _names = "[" + ", ".join(f'"{f}"' for f in _functions) + "]"
    _more = f", activation_alpha={_numbers}" if _numbers else ""
    CASES.append(case(14, _text("LSTM", f"activations={_names}{_more}"), **_layer("LSTM")))
for _op in GATES:  # halves are computed in float32, fused or not
    for _attributes in ("clip=2.0", "linear_before_reset=1" if _op == "GRU" else ""):
        _halves = {n: a.astype("float16") for n, a in _layer(_op, make=lambda a: a).items()}
        _node = _text(_op, _attributes)
        CASES.append(
            case(
                14,
                _node,
                expected=lambda text=_node, **arrays: _in_float32(text, arrays),
                tolerance=(1e-2, 1e-2),
                **_halves,
            )
        )
CASES += [
    case(14, _text("RNN", 'activations=["Cosine"]'), **_layer("RNN"), refused="cosine|Cosine"),
    case(14, _text("RNN", 'activations=["Affine"]'), **_layer("RNN"), refused="no default alpha"),
    case(14, _text("GRU"), **{**_layer("GRU"), "x": normal(1100, 1, INPUT)}),  # a loop of MXNet's
]


def _quantized_layer(ways, batch, dtype="int8", each=False, bias=True, **more):
    """The inputs of a layer whose weights have 8 bits."""
    ends, scales = np.iinfo(dtype), (ways, 4 * H) if each else (ways,)
    arrays = {
        "x": normal(T, batch, INPUT),
        "w": known(uniform(ends.min, ends.max + 1, ways, INPUT, 4 * H, dtype=dtype)),
        "r": known(uniform(ends.min, ends.max + 1, ways, H, 4 * H, dtype=dtype)),
        "ws": known(uniform(0.002, 0.006, *scales)),
        "wz": known(np.full(scales, 0 if each else 3, dtype)),
        "rs": known(uniform(0.002, 0.006, *scales)),
        "rz": known(np.full(scales, 0 if each else 5, dtype)),
    }
    return {**arrays, **({"b": known(normal(ways, 8 * H) / 2)} if bias else {}), **more}


_QUANTIZED = "com.microsoft.DynamicQuantizeLSTM"
_SCALES = "ws, wz, rs, rz"
CASES += [
    case(14, _text(_QUANTIZED, "", f"x, w, r, b, , , , , {_SCALES}", "y, yh, yc"), **arrays)
    for arrays in (
        _quantized_layer(1, 1, dynamic=(T,)),
        _quantized_layer(1, 1, "uint8"),
        _quantized_layer(1, 1, each=True),
    )
]
CASES += [
    case(
        14,
        _text(_QUANTIZED, 'direction="bidirectional"', f"x, w, r, b, , h, c, , {_SCALES}", "y"),
        h=normal(2, 1, H),
        c=normal(2, 1, H),
        dynamic=(T,),
        **_quantized_layer(2, 1),
    ),
    case(
        14,
        _text(
            _QUANTIZED,
            'direction="reverse", clip=0.9, activations=["Sigmoid", "Relu", "Softsign"]',
            f"x, w, r, , , , , p, {_SCALES}",
            "y",
        ),
        p=known(1, 3 * H),
        **_quantized_layer(1, 1, bias=False),
    ),
    case(
        14,
        _text(_QUANTIZED, "", f"x, w, r, b, n, , , , {_SCALES}", "y"),
        n=known(array([3], "int32")),
        **_quantized_layer(1, 1),
        refused="lengths are not covered",
    ),
]


def _by_steps_first(op, attributes, inputs, arrays):
    """What ONNX Runtime gives for layout 0, turned."""
    turned = {
        n: np.ascontiguousarray(np.swapaxes(a, 0, 1)) if n in "xhc" else a
        for n, a in arrays.items()
    }
    text = _text(op, attributes.replace("layout=1", "layout=0"), inputs)
    y, *states = case(14, text, **turned).reference(turned)
    return (y.transpose(2, 0, 1, 3), *(np.swapaxes(s, 0, 1) for s in states))


def _in_float32(text, arrays):
    arrays = {n: a.astype("float32") for n, a in arrays.items()}
    return tuple(a.astype("float16") for a in case(14, text, **arrays).reference(arrays))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)
