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

# Puts the patch into an MXNet 1.x source tree. Our two packages replace those of MXNet 1.9. Of the
# rest of the tree little is changed: the index of the ONNX tutorials, ci/docker/install/ubuntu_onnx.sh,
# and one line of ci/docker/runtime_functions.sh, which sources ours.

set(LIBINFO ${MXNET_SOURCE_TREE}/python/mxnet/libinfo.py)
set(release "")
if(EXISTS ${LIBINFO})
  file(STRINGS ${LIBINFO} release REGEX "^__version__ = ")
endif()
if(NOT release MATCHES "\"1\\.")
  message(FATAL_ERROR "MXNET_SOURCE_TREE=${MXNET_SOURCE_TREE} is no MXNet 1.x source tree: "
                      "${LIBINFO} names no release 1.x")
endif()

# patch_folder(folder [options of install(DIRECTORY)...]) copies it to the same place of the tree.
function(patch_folder folder)
  get_filename_component(parent ${folder} DIRECTORY)
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${folder})
    install(DIRECTORY ${folder} DESTINATION ${MXNET_SOURCE_TREE}/${parent}
      PATTERN __pycache__ EXCLUDE ${ARGN})
  endif()
endfunction()

install(CODE "file(REMOVE_RECURSE \"${MXNET_SOURCE_TREE}/python/mxnet/contrib/onnx\"
                                  \"${MXNET_SOURCE_TREE}/python/mxnet/onnx\")")
patch_folder(python/mxnet/contrib/onnx)
patch_folder(python/mxnet/onnx)
# How the package is made by itself is no concern of MXNet's tree, which has tutorials of its own, too.
patch_folder(tests/python/unittest/onnx PATTERN test_wheel.py EXCLUDE PATTERN test_cmake.py EXCLUDE
             PATTERN test_tutorials.py EXCLUDE)
patch_folder(tests/nightly/onnx PATTERN test_installation.py EXCLUDE)
patch_folder(docs/python_docs/python/api/contrib/onnx)
patch_folder(docs/python_docs/python/tutorials/packages/onnx)
patch_folder(benchmark/python/onnx)
patch_folder(example/onnx)
patch_folder(tools/core_operators)
patch_folder(tools/operator_info)
install(FILES tests/python/gpu/test_onnx_gpu.py DESTINATION ${MXNET_SOURCE_TREE}/tests/python/gpu)
install(FILES tests/nightly/JenkinsfileForOnnx DESTINATION ${MXNET_SOURCE_TREE}/tests/nightly)
install(FILES ci/jenkins/Jenkins_steps_onnx.groovy ci/jenkins/Jenkinsfile_onnx
        DESTINATION ${MXNET_SOURCE_TREE}/ci/jenkins)
install(PROGRAMS ci/docker/install/ubuntu_onnx.sh
        DESTINATION ${MXNET_SOURCE_TREE}/ci/docker/install)
install(PROGRAMS ci/docker/runtime_functions.sh DESTINATION ${MXNET_SOURCE_TREE}/ci/docker
        RENAME runtime_functions_onnx.sh)
install(CODE "set(FUNCTIONS \"${MXNET_SOURCE_TREE}/ci/docker/runtime_functions.sh\")")
install(SCRIPT cmake/source_functions.cmake)
