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

# Run as a script: makes MXNet's ${FUNCTIONS} source runtime_functions_onnx.sh, once.

if(EXISTS ${FUNCTIONS})
  file(READ ${FUNCTIONS} text)
  string(FIND "${text}" "runtime_functions_onnx.sh" found)
  if(found EQUAL -1)
    # After the shebang.
    file(READ ${FUNCTIONS} text)
    string(FIND "${text}" "\n" end)
    math(EXPR end "${end} + 1")
    string(SUBSTRING "${text}" 0 ${end} shebang)
    string(SUBSTRING "${text}" ${end} -1 rest)
    file(WRITE ${FUNCTIONS} "${shebang}"
      "source \"$(dirname \"\${BASH_SOURCE[0]}\")/runtime_functions_onnx.sh\"\n" "${rest}")
  endif()
endif()
