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
"""Import rows: regions of images, and the suppression of boxes."""

import mxnet as mx
import numpy as np
import onnx
import onnx.parser
import pytest
from gradients import check_gradients
from import_cases import array, case, check, ints, uniform
from mxnet.contrib.onnx import ConversionError, backend, import_model, import_to_gluon
from onnx import helper
from running import Session

_IMAGE = uniform(-1, 1, 2, 3, 6, 7)
#: Among them one beyond the image, one without a size, and two whose ends are exchanged.
_ROIS = array(
    [[0, 0, 4, 4], [1.3, 2.2, 5.5, 5.9], [-3, -3, 9, 9], [8, 8, 20, 20], [3, 3, 3, 3],
     [4, 1, 2, 5], [4, 5, 1.5, 2.5], [3, 2, 3, 4]]
)  # fmt: skip
_BATCH = ints(0, 1, 1, 0, 1, 0, 1, 1)
_SIZE = "output_height=2, output_width=3, spatial_scale=0.7"
_GIVEN = {"x": _IMAGE, "r": _ROIS, "b": _BATCH}
_LOOSE = (1e-5, 5e-5)  # of regions without a size the ends are moved apart, for MXNet


def _align(opset, mode, ratio, more="", **given):
    text = f'y = RoiAlign <mode="{mode}", sampling_ratio={ratio}, {_SIZE}{more}> (x, r, b)'
    return case(opset, text, **{**_GIVEN, "tolerance": _LOOSE, **given})


_OUTPUT = ', coordinate_transformation_mode="output_half_pixel"'
CASES = [
    *(_align(v, "avg", ratio) for v in (10, 16) for ratio in (0, 1, 2)),
    *(_align(v, "max", ratio) for v in (10, 16) for ratio in (1, 2)),
    _align(16, "avg", 2, _OUTPUT),
    _align(22, "avg", 2, as_opset=16, dynamic=(6, 7, 8), bigger={8: 8}),
    _align(22, "max", 2, as_opset=16),
    *(_align(16, "avg", n, x=_IMAGE.astype("float64"), r=_ROIS.astype("float64"))
      for n in (0, 2)),
    _align(16, "max", 2, x=_IMAGE.astype("float64"), r=_ROIS.astype("float64")),
    _align(16, "avg", 2, x=_IMAGE.astype("float16"), r=_ROIS.astype("float16"),
           expected="reference", tolerance=(2e-3, 2e-3)),
    case(16, "y = RoiAlign <spatial_scale=1.6, output_width=2, sampling_ratio=1> (x, r, b)",
         **_GIVEN),
    _align(16, "mean", 2, refused="mean"),
]  # fmt: skip
_BOXES = np.concatenate([_BATCH[:, None].astype("float32"), _ROIS.round()], 1)
CASES += [
    case(v, "y = MaxRoiPool <pooled_shape=[2, 3]> (x, r)", x=_IMAGE, r=_BOXES, as_opset=1)
    for v in (1, 22)
]
CASES += [
    case(1, "y = MaxRoiPool <pooled_shape=[2, 2], spatial_scale=1.7> (x, r)", x=_IMAGE, r=_BOXES),
    case(
        1,
        "y = MaxRoiPool <pooled_shape=[3, 2], spatial_scale=0.6> (x, r)",
        x=_IMAGE,
        r=_BOXES,
        dynamic=(6, 7),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_import(case):
    check(case)


def test_the_largest_of_as_many_samples_as_a_region_needs_is_not_for_symbols():
    symbolic = _align(16, "max", 0)
    with pytest.raises(ConversionError, match="sampling_ratio=0"):
        import_model(symbolic.model())
    wanted = symbolic.reference(symbolic.inputs)
    found = backend.prepare(symbolic.model()).run(symbolic.inputs)
    np.testing.assert_allclose(found[0], wanted[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("ratio", [0, 2])
@pytest.mark.parametrize("how", ["", _OUTPUT])
def test_what_is_not_there_ends_no_process(ratio, how):
    """Batches that do not exist and places that are no numbers come at run time."""
    wild = _align(16, "avg", ratio, how, b=ints(0, 5, -7, 0, 1, 0, 1, 1))
    wild.arrays["r"] = _ROIS.copy()
    wild.arrays["r"].ravel()[[0, 1, 5, 10, 15, 16]] = np.nan, 3, np.inf, -np.inf, 1e30, 1e12
    symbol, arg_params, aux_params = import_model(wild.model())
    executor = symbol.simple_bind(
        mx.cpu(),
        grad_req="null",
        type_dict={n: a.dtype for n, a in wild.inputs.items()},
        **{n: a.shape for n, a in wild.inputs.items()},
    )
    executor.copy_params_from(arg_params, aux_params)
    data = {n: mx.nd.array(a, dtype=a.dtype) for n, a in wild.inputs.items()}
    assert executor.forward(**data)[0].asnumpy().shape == (8, 3, 2, 3)


@pytest.mark.parametrize("mode", ["avg", "max"])
def test_gradients(mode):
    x = uniform(-1, 1, 2, 2, 6, 7, dtype="float64")
    rois = np.array([[0.2, 0.3, 4, 4.4], [1.3, 2.2, 5.5, 5.9]])
    check_gradients(_align(16, mode, 2, x=x, r=rois, b=ints(0, 1)), ["x"])


# -- boxes -------------------------------------------------------------------------------------


def _suppression(boxes, scores, most, overlap, least, center_point_box=0, opset=11):
    inputs = {"boxes": boxes, "scores": scores, "most": np.int64([most])}
    inputs["overlap"] = np.float32([overlap])
    if least is not None:
        inputs["least"] = np.float32([least])
    node = helper.make_node(
        "NonMaxSuppression", list(inputs), ["y"], center_point_box=center_point_box
    )
    infos = [
        helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
        for n, a in inputs.items()
    ]
    output = helper.make_tensor_value_info("y", onnx.TensorProto.INT64, [None, 3])
    graph = helper.make_graph([node], "boxes", infos, [output])
    imports = [helper.make_opsetid("", opset)]
    return helper.make_model(graph, opset_imports=imports, ir_version=8), inputs


@pytest.mark.parametrize("seed", range(40))
def test_suppression_keeps_what_onnx_runtime_keeps(seed):
    """With many boxes alike and scores alike: ties go to the first box."""
    rng = np.random.default_rng(seed)
    batches, labels, count = rng.integers(1, 3), rng.integers(1, 4), rng.integers(1, 400)
    boxes = rng.uniform(0, 1, (batches, count, 4)).astype("float32")
    scores = rng.uniform(0, 1, (batches, labels, count)).astype("float32")
    if seed % 3 == 0:
        boxes = (boxes * 8).round() / 8
    if seed % 2:
        scores = (scores * 10).round() / 10
    model, inputs = _suppression(
        boxes.astype("float32"),
        scores.astype("float32"),
        int(rng.integers(0, 50)),
        rng.choice([0, 0.1, 0.5, 0.7, 1]),
        None if seed % 5 == 0 else rng.choice([0, 0.3, 0.9, 2]),
        seed % 2,
        opset=10 if seed % 7 else 11,
    )
    (wanted,) = Session(model)(inputs)
    (found,) = backend.prepare(model).run(inputs)
    assert found.dtype == wanted.dtype
    np.testing.assert_array_equal(found, wanted)


# -- a detector --------------------------------------------------------------------------------

#: As torch writes one of two stages: anchors with deltas, the best of them, suppression by label
#: through offsets that keep labels apart, regions read from the features, a head on each.
DETECTOR = """<ir_version: 8, opset_import: ["": 16]>
detector (float[1, 3, H, W] image)
=> (float[K, 4] boxes, int64[K] labels, float[K] scores, float[K, 5] found) {
  raw = Conv <kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]> (image, stem)
  features = Relu (raw)
  size = Shape <start=2> (features)
  deltas_map = Conv (features, delta_weight)
  scores_map = Conv (features, score_weight)
  deltas_last = Transpose <perm=[0, 2, 3, 1]> (deltas_map)
  scores_last = Transpose <perm=[0, 2, 3, 1]> (scores_map)
  minus_four = Constant <value_ints=[-1, 4]> ()
  minus_two = Constant <value_ints=[-1, 2]> ()
  deltas = Reshape (deltas_last, minus_four)
  logits = Reshape (scores_last, minus_two)
  chances = Sigmoid (logits)
  i0 = Constant <value_int=0> ()
  i1 = Constant <value_int=1> ()
  height = Gather (size, i0)
  width = Gather (size, i1)
  rows = Range (i0, height, i1)
  columns = Range (i0, width, i1)
  axis1 = Constant <value_ints=[1]> ()
  axis0 = Constant <value_ints=[0]> ()
  rows_f = Cast <to=1> (rows)
  columns_f = Cast <to=1> (columns)
  row_grid = Unsqueeze (rows_f, axis1)
  column_grid = Unsqueeze (columns_f, axis0)
  row_all = Expand (row_grid, size)
  column_all = Expand (column_grid, size)
  axis2 = Constant <value_ints=[2]> ()
  row_last = Unsqueeze (row_all, axis2)
  column_last = Unsqueeze (column_all, axis2)
  corners = Concat <axis=2> (column_last, row_last, column_last, row_last)
  anchors_flat = Reshape (corners, minus_four)
  anchors = Add (anchors_flat, half_sizes)
  proposals_raw = Add (anchors, deltas)
  bound = Sub (width, i1)
  bound_f = Cast <to=1> (bound)
  none = Constant <value_float=0.0> ()
  proposals = Clip (proposals_raw, none, bound_f)
  threshold = Constant <value_float=0.5> ()
  likely = Greater (chances, threshold)
  places_pair = NonZero (likely)
  places = Transpose <perm=[1, 0]> (places_pair)
  which, label_column = Split <axis=1> (places)
  box_index = Squeeze (which, axis1)
  label = Squeeze (label_column, axis1)
  kept_scores = GatherND (chances, places)
  kept_boxes = Gather (proposals, box_index)
  largest = ReduceMax <keepdims=0> (kept_boxes)
  one = Constant <value_float=1.0> ()
  step = Add (largest, one)
  label_f = Cast <to=1> (label)
  offsets = Mul (label_f, step)
  offset_column = Unsqueeze (offsets, axis1)
  apart = Add (kept_boxes, offset_column)
  boxes_3d = Unsqueeze (apart, axis0)
  axis01 = Constant <value_ints=[0, 1]> ()
  scores_3d = Unsqueeze (kept_scores, axis01)
  most = Constant <value_ints=[9223372036854775807]> ()
  overlap = Constant <value_floats=[0.5]> ()
  chosen = NonMaxSuppression (boxes_3d, scores_3d, most, overlap)
  two = Constant <value_ints=[2]> ()
  three = Constant <value_ints=[3]> ()
  chosen_column = Slice (chosen, two, three, axis1)
  chosen_flat = Squeeze (chosen_column, axis1)
  limit = Constant <value_ints=[6]> ()
  zero = Constant <value_ints=[0]> ()
  keep = Slice (chosen_flat, zero, limit)
  boxes = Gather (kept_boxes, keep)
  labels = Gather (label, keep)
  scores = Gather (kept_scores, keep)
  batch_size = Shape (labels)
  batch = ConstantOfShape <value=int64[1] {0}> (batch_size)
  regions = RoiAlign <output_height=2, output_width=2, sampling_ratio=2> (features, boxes, batch)
  flat = Flatten (regions)
  found = Gemm <transB=1> (flat, head_weight, head_bias)
}"""


def _detector():
    rng = np.random.default_rng(5)
    model = onnx.parser.parse_model(DETECTOR)
    weights = {
        "stem": rng.normal(size=(8, 3, 3, 3)) / 3,
        "delta_weight": rng.normal(size=(4, 8, 1, 1)) / 2,
        "score_weight": rng.normal(size=(2, 8, 1, 1)),
        "half_sizes": np.array([[-2, -2, 2, 2]]),
        "head_weight": rng.normal(size=(5, 32)) / 5,
        "head_bias": rng.normal(size=5),
    }
    model.graph.initializer.extend(
        onnx.numpy_helper.from_array(a.astype("float32"), n) for n, a in weights.items()
    )
    return model


@pytest.mark.parametrize("route", ["backend", "block"])
def test_a_detector(route):
    """Of several sizes, and with as many objects as there are."""
    model = _detector()
    session = Session(model)
    net = import_to_gluon(model) if route == "block" else backend.prepare(model)
    counts = set()
    for seed, (height, width) in enumerate([(16, 16), (24, 16), (16, 16), (32, 40)]):
        image = np.random.default_rng(seed).normal(size=(1, 3, height, width)).astype("float32")
        wanted = session({"image": image})
        counts.add(len(wanted[0]))
        if route == "block":
            found = [y.asnumpy() for y in net(mx.nd.array(image))]
        else:
            found = net.run([image])
        for a, e in zip(found, wanted):
            assert a.dtype == e.dtype and a.shape == e.shape
            np.testing.assert_allclose(a, e, 1e-4, 1e-5)
    assert max(counts) > 1


def _nothing(*shape, dtype="float32"):
    return np.zeros(shape, dtype)


@pytest.mark.parametrize(
    "opset, text, arrays",
    [
        (16, "y = RoiAlign <output_height=2, output_width=3> (x, r, b)",
         {"x": _IMAGE, "r": _nothing(0, 4), "b": ints()}),
        (1, "y = MaxRoiPool <pooled_shape=[2, 3]> (x, r)", {"x": _IMAGE, "r": _nothing(0, 5)}),
        (16, "y = GridSample (x, g)", {"x": _nothing(0, 3, 6, 7), "g": _nothing(0, 2, 2, 2)}),
        (11, "y = NonMaxSuppression (x, s, n)",
         {"x": _nothing(1, 0, 4), "s": _nothing(1, 1, 0), "n": ints(5)}),
        (19, "y = DeformConv (x, w, o)",
         {"x": _nothing(0, 2, 4, 4), "w": _nothing(3, 2, 3, 3), "o": _nothing(0, 18, 2, 2)}),
        (11, "y, z = TopK (x, n)", {"x": _nothing(0), "n": ints(0)}),
        (11, "y, z = TopK <axis=0> (x, n)", {"x": _IMAGE, "n": ints(0)}),
        (13, "y = ScatterElements (x, i, u)",
         {"x": _IMAGE, "i": _nothing(0, 3, 6, 7, dtype="int64"), "u": _nothing(0, 3, 6, 7)}),
        (18, "y = Col2Im (x, n, k)", {"x": _nothing(0, 12, 20), "n": ints(6, 6), "k": ints(2, 3)}),
    ],
)  # fmt: skip
def test_what_finds_nothing(opset, text, arrays):
    """Detectors meet images without objects, and levels without regions."""
    given = case(opset, text, **arrays)
    wanted = given.reference(arrays)
    for a, e in zip(backend.prepare(given.model()).run(arrays), wanted):
        assert a.shape == e.shape and a.dtype == e.dtype
        np.testing.assert_array_equal(a, e)


#: As torchvision spreads regions over levels by their size, each read from features of its own.
LEVELS = """<ir_version: 8, opset_import: ["": 16]>
levels (float[1, 2, H, W] fine, float[1, 2, H2, W2] coarse, float[R, 4] boxes)
=> (float[R, 2, 2, 2] y) {
  x1, y1, x2, y2 = Split <axis=1> (boxes)
  wide = Sub (x2, x1)
  high = Sub (y2, y1)
  area_column = Mul (wide, high)
  axis1 = Constant <value_ints=[1]> ()
  area = Squeeze (area_column, axis1)
  limit = Constant <value_float=16.0> ()
  is_coarse = Greater (area, limit)
  is_fine = Not (is_coarse)
  count = Shape <end=1> (boxes)
  rest = Constant <value_ints=[2, 2, 2]> ()
  shape = Concat <axis=0> (count, rest)
  blank = ConstantOfShape (shape)
  fine_places = NonZero (is_fine)
  fine_index = Transpose <perm=[1, 0]> (fine_places)
  fine_boxes = GatherND (boxes, fine_index)
  fine_count = Shape <end=1> (fine_boxes)
  fine_batch = ConstantOfShape <value=int64[1] {0}> (fine_count)
  fine_regions = RoiAlign <output_height=2, output_width=2, sampling_ratio=2>
    (fine, fine_boxes, fine_batch)
  with_fine = ScatterND (blank, fine_index, fine_regions)
  coarse_places = NonZero (is_coarse)
  coarse_index = Transpose <perm=[1, 0]> (coarse_places)
  coarse_boxes = GatherND (boxes, coarse_index)
  coarse_count = Shape <end=1> (coarse_boxes)
  coarse_batch = ConstantOfShape <value=int64[1] {0}> (coarse_count)
  coarse_regions = RoiAlign <output_height=2, output_width=2, sampling_ratio=2, spatial_scale=0.5>
    (coarse, coarse_boxes, coarse_batch)
  y = ScatterND (with_fine, coarse_index, coarse_regions)
}"""


@pytest.mark.parametrize("sides", [[2, 6, 3, 7], [2, 3], [6, 7], [2], []])
def test_regions_on_levels(sides):
    model = onnx.parser.parse_model(LEVELS)
    corner = np.arange(len(sides), dtype="float32")[:, None] * [0.5, 0.25]
    boxes = np.concatenate([corner, corner + np.array(sides)[:, None]], 1).reshape(-1, 4)
    inputs = {"fine": uniform(-1, 1, 1, 2, 12, 10), "coarse": uniform(-1, 1, 1, 2, 6, 5)}
    inputs["boxes"] = boxes.astype("float32")
    (wanted,) = Session(model)(inputs)
    (found,) = backend.prepare(model).run(inputs)
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, 1e-5, 1e-6)
    if sides:  # mx.nd arrays are never empty
        y = import_to_gluon(model)(*map(mx.nd.array, inputs.values()))
        np.testing.assert_allclose(y.asnumpy(), wanted, 1e-5, 1e-6)
