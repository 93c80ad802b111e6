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

# What a wheel holds: the package as mxnet_onnx, and what lets an installed MXNet find it.
# An editable install holds the path of the checkout instead of the package.

set(IN_OVERLAY _mxnet_onnx_overlay)
install(DIRECTORY ${OVERLAY}/ DESTINATION . PATTERN __pycache__ EXCLUDE)
if(SKBUILD_STATE MATCHES "editable")
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/CHECKOUT "${CMAKE_CURRENT_SOURCE_DIR}/python\n")
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/CHECKOUT DESTINATION ${IN_OVERLAY})
else()
  install(DIRECTORY ${PACKAGE}/ DESTINATION mxnet_onnx PATTERN __pycache__ EXCLUDE)
  install(DIRECTORY ${ENTRY}/ DESTINATION ${IN_OVERLAY}/onnx PATTERN __pycache__ EXCLUDE)
endif()
