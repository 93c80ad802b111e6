// -*- mode: groovy -*-

// Licensed to the Apache Software Foundation (ASF) under one
// or more contributor license agreements.  See the NOTICE file
// distributed with this work for additional information
// regarding copyright ownership.  The ASF licenses this file
// to you under the Apache License, Version 2.0 (the
// "License"); you may not use this file except in compliance
// with the License.  You may obtain a copy of the License at
//
//   http://www.apache.org/licenses/LICENSE-2.0
//
// Unless required by applicable law or agreed to in writing,
// software distributed under the License is distributed on an
// "AS IS" BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY
// KIND, either express or implied.  See the License for the
// specific language governing permissions and limitations
// under the License.
//
// Steps of the ONNX jobs. Loaded by Jenkinsfile_onnx and tests/nightly/JenkinsfileForOnnx, which set
// utils; each step runs one function of ci/docker/runtime_functions.sh.

max_time = 240

mx_lib = 'lib/libmxnet.so, lib/libmxnet.a, lib/libtvm_runtime.so, lib/libtvmop.so, lib/tvmop.conf, build/libcustomop_lib.so, build/libcustomop_gpu_lib.so, build/libsubgraph_lib.so, 3rdparty/dmlc-core/libdmlc.a, 3rdparty/tvm/nnvm/lib/libnnvm.a'

def onnx_step(title, label, workspace, library, platform, job, gpu) {
  return [(title): {
    node(label) {
      ws("workspace/${workspace}") {
        timeout(time: max_time, unit: 'MINUTES') {
          utils.unpack_and_init(library, mx_lib)
          utils.docker_run(platform, job, gpu)
        }
      }
    }
  }]
}

def unittest_onnx_cpu() {
  return onnx_step('ONNX: unit tests on CPU', NODE_LINUX_CPU, 'onnx-ut-cpu', 'cpu', 'ubuntu_cpu', 'unittest_onnx_cpu', false)
}

def unittest_onnx_gpu() {
  return onnx_step('ONNX: unit tests on GPU', NODE_LINUX_GPU, 'onnx-ut-gpu', 'gpu', 'ubuntu_gpu_cu101', 'unittest_onnx_gpu', true)
}

def nightly_onnx_models() {
  return onnx_step('ONNX: whole models', NODE_LINUX_CPU, 'onnx-nightly-models', 'cpu', 'ubuntu_nightly_cpu', 'nightly_onnx_models', false)
}

return this
