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
"""Operators that have no row, and why."""

from __future__ import annotations

from ...translation import TranslationTable

refusals = TranslationTable()

refusals.refuse(
    "eigenvalues and singular values need an iteration that ONNX does not have, and the signs of "
    "their vectors differ from one library to the next; compute them outside of the model",
    "_linalg_syevd", "_npi_eig", "_npi_eigh", "_npi_eigvals", "_npi_eigvalsh", "_npi_svd",
)  # fmt: skip
refusals.refuse(
    "a pseudo-inverse needs singular values, which ONNX does not have; where the matrix has full "
    "rank write it with linalg.inverse",
    "_npi_pinv", "_npi_pinv_scalar_rcond",
)  # fmt: skip
refusals.refuse(
    "MXNet makes it for inference on CPUs, in which ONNX has no such products of rows; export the "
    "network as it was before get_backend_symbol",
    "_sg_mkldnn_selfatt_qk", "_sg_mkldnn_selfatt_valatt",
)  # fmt: skip
refusals.refuse(
    "ONNX has no orthogonal factors, and LAPACK chooses their signs", "_linalg_gelqf"
)  # fmt: skip
refusals.refuse(
    "it runs the user's own code: give a row for it with translations=, or a domain with "
    "custom_domain=",
    "Custom", "_CustomFunction",
    "_Native", "_NDArray",
)  # fmt: skip
refusals.refuse(
    "training: it updates weights, which an ONNX model does not",
    "_adamw_update", "_contrib_group_adagrad_update", "_mp_adamw_update", "_multi_adamw_update",
    "_multi_lamb_update", "_multi_mp_adamw_update", "_multi_mp_lamb_update",
    "_sparse_adagrad_update", "adam_update", "ftml_update", "ftrl_update", "lamb_update_phase1",
    "lamb_update_phase2", "mp_lamb_update_phase1", "mp_lamb_update_phase2", "mp_nag_mom_update",
    "mp_sgd_mom_update", "mp_sgd_update", "multi_lars", "multi_mp_sgd_mom_update",
    "multi_mp_sgd_update", "multi_sgd_mom_update", "multi_sgd_update", "nag_mom_update",
    "preloaded_multi_mp_sgd_mom_update", "preloaded_multi_mp_sgd_update",
    "preloaded_multi_sgd_mom_update", "preloaded_multi_sgd_update", "rmsprop_update",
    "rmspropalex_update", "sgd_mom_update", "sgd_update", "signsgd_update", "signum_update",
)  # fmt: skip
refusals.refuse(
    "training: it makes targets, checks or scales gradients, or sets parameters",
    "IdentityAttachKLSparseReg", "_contrib_MultiBoxTarget", "all_finite", "multi_all_finite",
    "multi_sum_sq", "reset_arrays", "_contrib_calibrate_entropy", "_contrib_hawkesll",
    "_sample_unique_zipfian", "_NoGradient",
)  # fmt: skip
refusals.refuse(
    "sparse storage, which the exporter does not have",
    "_contrib_SparseEmbedding", "_contrib_getnnz", "_contrib_edge_id", "_contrib_dgl_adjacency",
    "_contrib_dgl_csr_neighbor_non_uniform_sample", "_contrib_dgl_csr_neighbor_uniform_sample",
    "_contrib_dgl_graph_compact", "_contrib_dgl_subgraph", "_scatter_elemwise_div",
    "_scatter_minus_scalar", "_scatter_plus_scalar", "_sparse_retain", "_square_sum",
)  # fmt: skip
refusals.refuse(
    "it prepares pictures ahead of a model: do so outside of it",
    "_cvcopyMakeBorder", "_cvimdecode", "_cvimread", "_cvimresize", "_imdecode",
    "_image_random_color_jitter", "_image_random_hue",
)  # fmt: skip
refusals.refuse(
    "MXNet writes it while a network runs, and into no file of a model",
    "_CachedOp", "_CachedOpThreadSafe", "_CrossDeviceCopy", "_npi_share_memory",
    "_npx_constraint_check", "_onehot_encode", "_set_value", "_zeros_without_dtype",
    "fill_element_0index", "_contrib_count_sketch",
)  # fmt: skip
refusals.refuse(
    "probability densities, which ONNX does not have; write them with log, exp and gammaln",
    "_random_pdf_dirichlet", "_random_pdf_exponential", "_random_pdf_gamma",
    "_random_pdf_generalized_negative_binomial", "_random_pdf_negative_binomial",
    "_random_pdf_normal", "_random_pdf_poisson", "_random_pdf_uniform",
)  # fmt: skip
refusals.refuse(
    "MXNet quantises the weights of recurrent layers inside of MKLDNN, where its runs fail; "
    "leave them out with excluded_op_names=['RNN']",
    "_contrib_quantized_rnn",
)  # fmt: skip
