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

# Run as a script: makes the link tree ${STAGE}/mxnet of the MXNet that ${PYTHON} has, with
# ${PACKAGE} and ${ENTRY} in place of its contrib/onnx and onnx.

execute_process(
  COMMAND ${PYTHON} -c
    "import importlib.util as u, os; s = u.find_spec('mxnet'); print(os.path.dirname(s.origin) if s and s.origin else '', end='')"
  OUTPUT_VARIABLE installed WORKING_DIRECTORY / RESULT_VARIABLE failed)
if(failed OR NOT installed)
  message(FATAL_ERROR "${PYTHON} has no MXNet: pip install mxnet==1.9.1, or name another with "
                      "-DPython3_EXECUTABLE=")
endif()

function(link_all from to)
  file(GLOB entries LIST_DIRECTORIES true RELATIVE ${from} ${from}/*)
  list(REMOVE_ITEM entries __pycache__ ${ARGN})
  foreach(entry ${entries})
    file(CREATE_LINK ${from}/${entry} ${to}/${entry} SYMBOLIC COPY_ON_ERROR)
  endforeach()
endfunction()

file(REMOVE_RECURSE ${STAGE})
file(MAKE_DIRECTORY ${STAGE}/mxnet/contrib)
link_all(${installed} ${STAGE}/mxnet contrib onnx)
link_all(${installed}/contrib ${STAGE}/mxnet/contrib onnx)
file(CREATE_LINK ${PACKAGE} ${STAGE}/mxnet/contrib/onnx SYMBOLIC COPY_ON_ERROR)
file(CREATE_LINK ${ENTRY} ${STAGE}/mxnet/onnx SYMBOLIC COPY_ON_ERROR)
file(CREATE_LINK ${PACKAGE} ${STAGE}/mxnet_onnx SYMBOLIC COPY_ON_ERROR)
