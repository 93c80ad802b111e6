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
"""The backend interface of ``onnx``: run a model, or one node, on MXNet, and get NumPy arrays.

>>> from mxnet.contrib.onnx import backend
>>> (y,) = backend.prepare(onnx.load("net.onnx")).run([x])
"""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence, Tuple

import numpy as np

from onnx import ModelProto, NodeProto, TypeProto, ValueInfoProto, helper
from onnx.backend.base import Backend, BackendRep, Device, DeviceType, namedtupledict

from .errors import ConversionError, ModelError
from .onnx2mx.checking import data_type
from .onnx2mx.eager import EagerModel
from .onnx2mx.values import as_array
from .opset import NEWEST_OPSET, history
from .translation import TranslationTable


class PreparedModel(BackendRep):
    """A planned model, which :meth:`MXNetBackend.prepare` makes.

    Parameters
    ----------
    model : EagerModel
    """

    def __init__(self, model: EagerModel):
        self._model = model
        self._outputs = namedtupledict("Outputs", model.outputs)

    def run(self, inputs: Any, **kwargs: Any) -> Tuple[Any, ...]:
        """Compute the outputs.

        Parameters
        ----------
        inputs : sequence of array_like, dict of str to array_like, or numpy.ndarray
            All inputs that have no initializer, in the model's order or by name; an array is the
            one input.
        **kwargs : ignored

        Returns
        -------
        tuple of (numpy.ndarray, list or None)
            In the model's order, lists for sequences and None for empty optionals; an output's name
            is an index too.

        Raises
        ------
        ModelError
            If the inputs are not what the model wants.
        TranslationError
            If a node asks for something that cannot be given.
        """
        if not isinstance(inputs, Mapping):
            inputs = _by_name(self._model.inputs, inputs)
        return self._outputs(*self._model.run(inputs))


class MXNetBackend(Backend):
    """Runs models operator by operator, on the rows that make Symbols of them.

    Its methods are functions of this module as well.
    """

    @classmethod
    def supports_device(cls, device: str) -> bool:
        """Whether there is a device, spelled ``"CPU"``, ``"CUDA"`` or ``"CUDA:1"``."""
        import mxnet as mx

        try:
            wanted = Device(device)
        except (AttributeError, ValueError):
            return False
        return wanted.type == DeviceType.CPU or 0 <= wanted.device_id < mx.context.num_gpus()

    @classmethod
    def is_compatible(cls, model: ModelProto, device: str = "CPU", **kwargs: Any) -> bool:
        """Whether the device is there and every operator of the model is covered."""
        try:
            cls.prepare(model, device, **kwargs)
        except ConversionError:
            return False
        return True

    @classmethod
    def prepare(
        cls,
        model: ModelProto,
        device: str = "CPU",
        *,
        translations: Optional[TranslationTable] = None,
        **kwargs: Any,
    ) -> PreparedModel:
        """Plan a model.

        Parameters
        ----------
        model : onnx.ModelProto, or what else ``import_model`` takes
        device : str
        translations : TranslationTable, optional
            As of ``import_model``.
        **kwargs : ignored

        Returns
        -------
        PreparedModel

        Raises
        ------
        ModelError
            If the model is not what it should be, or there is no such device.
        UnsupportedOperatorError
            If operators have no row; all are named.
        """
        import mxnet as mx

        if not cls.supports_device(device):
            raise ModelError(f"there is no device '{device}' here")
        place = Device(device)
        ctx = mx.cpu() if place.type == DeviceType.CPU else mx.gpu(place.device_id)
        return PreparedModel(EagerModel(model, translations=translations, ctx=ctx))

    @classmethod
    def run_node(  # type: ignore[override]  # onnx takes every keyword for a dict
        cls,
        node: NodeProto,
        inputs: Any,
        device: str = "CPU",
        outputs_info: Optional[Sequence[Tuple[Any, Tuple[int, ...]]]] = None,
        *,
        opset_version: Optional[int] = None,
        **kwargs: Any,
    ) -> Tuple[Any, ...]:
        """Compute one node.

        Parameters
        ----------
        node : onnx.NodeProto
        inputs : sequence of array_like, dict of str to array_like, or numpy.ndarray
            In the node's order, without those that it leaves out.
        device : str
        outputs_info : ignored
            The inputs tell types and shapes.
        opset_version : int, optional
            Opset of the node's domain; the newest that the installed ``onnx`` knows if not given.
        **kwargs : optional
            As of :meth:`prepare`.

        Returns
        -------
        tuple of numpy.ndarray

        Raises
        ------
        ConversionError
        """
        if not isinstance(inputs, Mapping):
            inputs = _by_name(tuple(filter(None, node.input)), inputs)
        arrays = {name: _arrays(value) for name, value in inputs.items()}
        if opset_version is None:
            known = history(node.op_type, node.domain)
            opset_version = max(known, default=1) if node.domain else NEWEST_OPSET
        model = helper.make_model(
            helper.make_graph(
                [node],
                node.op_type,
                [helper.make_value_info(name, _type(value)) for name, value in arrays.items()],
                [ValueInfoProto(name=name) for name in node.output if name],
            ),
            opset_imports=[helper.make_opsetid(node.domain, opset_version)],
        )
        return cls.prepare(model, device, **kwargs).run(arrays)


def _arrays(value: Any) -> Any:
    """An array, a list of arrays for a sequence, or None for an empty optional."""
    if isinstance(value, (list, tuple)) and all(isinstance(v, np.ndarray) for v in value):
        return list(map(as_array, value))
    return None if value is None else as_array(value)


def _type(value: Any) -> TypeProto:
    """Of an input; an empty sequence or optional does not say of what."""
    if value is None:
        return helper.make_optional_type_proto(TypeProto())
    if isinstance(value, list):
        element = helper.make_tensor_type_proto(data_type(value[0].dtype), None) if value else None
        return helper.make_sequence_type_proto(element or TypeProto())
    return helper.make_tensor_type_proto(data_type(value.dtype), value.shape)


def _by_name(names: Sequence[str], inputs: Any) -> Mapping[str, Any]:
    arrays = [inputs] if isinstance(inputs, np.ndarray) else list(inputs)
    if len(arrays) != len(names):
        there = ", ".join(f"'{name}'" for name in names) or "none"
        raise ModelError(f"{len(arrays)} inputs are given, these are wanted: {there}")
    return dict(zip(names, arrays))


is_compatible = MXNetBackend.is_compatible
prepare = MXNetBackend.prepare
run_model = MXNetBackend.run_model
run_node = MXNetBackend.run_node
supports_device = MXNetBackend.supports_device
