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

# What the ONNX jobs need in an image of MXNet's CI; the same ranges as pyproject.toml. MXNet's own
# tree, without our overlay, imports with NumPy older than 1.24 only.

set -ex

pip3 install 'onnx>=1.17,<2' 'numpy>=1.21,<1.24' 'onnxruntime>=1.16' 'pytest>=7' hypothesis
pip3 install --no-deps rapidocr-onnxruntime==1.4.4 nudenet==3.4.2 basic-pitch==0.4.0
