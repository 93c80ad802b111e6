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

# <build>/python/mxnet is MXNet as it would be with the patch: links to the installed MXNet, but
# for our folders. The tests run on it.

set(SETUP "")
set(PYTHON ${Python3_EXECUTABLE})
if(NOT PYTHON)
  set(ENVIRONMENT ${CMAKE_CURRENT_BINARY_DIR}/venv)
  set(PYTHON ${ENVIRONMENT}/bin/python3)
  set(SETUP COMMAND ${CMAKE_COMMAND} -E env ONNX_VENV=${ENVIRONMENT}
      bash ci/docker/runtime_functions.sh setup_onnx_tests)
endif()

set(STAGE ${CMAKE_CURRENT_BINARY_DIR}/python)
add_custom_target(stage ALL
  ${SETUP}
  COMMAND ${CMAKE_COMMAND} -DPYTHON=${PYTHON} -DPACKAGE=${PACKAGE} -DENTRY=${ENTRY}
          -DSTAGE=${STAGE} -P ${CMAKE_CURRENT_SOURCE_DIR}/cmake/stage.cmake
  WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
  COMMENT "Staging ${STAGE}/mxnet" VERBATIM)

enable_testing()

# onnx_test(name label command...) runs on the staged tree.
function(onnx_test name label)
  add_test(NAME ${name} COMMAND ${ARGN} WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS ${label} FIXTURES_REQUIRED staged
    ENVIRONMENT "PYTHONPATH=${STAGE};ONNX_PYTHON=${PYTHON};MXNET_SUBGRAPH_VERBOSE=0")
endfunction()

add_test(NAME stage COMMAND ${CMAKE_COMMAND} --build ${CMAKE_CURRENT_BINARY_DIR} --target stage)
set_tests_properties(stage PROPERTIES FIXTURES_SETUP staged)
onnx_test(unit unit ${PYTHON} -m pytest tests/python/unittest/onnx)
onnx_test(sanity sanity bash ci/docker/runtime_functions.sh sanity_onnx)
if(ONNX_NIGHTLY)
  onnx_test(nightly nightly ${PYTHON} -m pytest tests/nightly/onnx)
endif()
