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
"""Run a function in a child process: a crash, a hang or a flood of memory fails one test alone."""

import gc
import json
import os
import resource
import signal
import traceback
import warnings

#: What one refusal may take, far above what any takes.
SECONDS, BYTES = 240, 2 << 30


class Died(AssertionError):
    """The child ended without an answer: killed by a signal, out of time, or by its own exit."""


def in_child(function, *args, limits=(), seconds=SECONDS, memory=BYTES):
    """``function(*args)`` in a fork of this process; its result has to be what JSON can say.

    Parameters
    ----------
    function : callable
    *args
    limits : sequence of (resource, int)
        Further limits of :mod:`resource` that hold in the child alone.
    seconds : int
        After which it is killed.
    memory : int
        Bytes that it may take.
    """
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking while threads exist
        pid = os.fork()
    if not pid:
        _answer(write, function, args, limits, seconds, memory)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        raise Died(f"killed by {signal.Signals(os.WTERMSIG(status)).name}")
    if not answer:
        raise Died(f"ended with exit code {os.WEXITSTATUS(status)}")
    kind, value = json.loads(answer)
    if kind == "raised":
        raise AssertionError(f"in the child process:\n{value}")
    return value


def _answer(write, function, args, limits, seconds, memory):
    """The child: never returns, whatever happens."""
    # What the parent has thrown away stays: a session of ONNX Runtime waits, when it is collected,
    # for threads that are the parent's alone.
    gc.freeze()
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(seconds)
        _limit_memory(memory)
        for kind, value in limits:
            resource.setrlimit(kind, (value, value))
        try:
            answer = ["returned", function(*args)]
        except BaseException:
            answer = ["raised", traceback.format_exc()]
        with os.fdopen(write, "wb") as pipe:
            pipe.write(json.dumps(answer).encode())
    finally:
        os._exit(1)


def _limit_memory(size):
    try:
        with open("/proc/self/statm") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return  # not Linux: no way to tell what is in use
    resource.setrlimit(resource.RLIMIT_AS, (used + size, used + size))


def refusal(function, *args, **more):
    """Call in a child what must be refused: names of the error's classes, and its message."""

    def call():
        try:
            result = function(*args)
        except BaseException as error:
            classes = [c.__name__ for c in type(error).__mro__]
            last_calls = traceback.format_exc().splitlines(keepends=True)[-8:]
            return classes, str(error)[:20000], "".join(last_calls)
        return [], f"not refused, but gave {str(result)[:200]}", ""

    return in_child(call, **more)


def assert_refused(outcome, error, words):
    """The class, all the words in the message, and nothing of the depths in it."""
    classes, message, trace = outcome
    report = f"\n{' < '.join(classes)}: {message}\n{trace}"
    allowed = error if isinstance(error, tuple) else (error,)
    assert set(allowed) & set(classes), f"expected {' or '.join(allowed)}{report}"
    missing = [w for w in words if w.casefold() not in message.casefold()]
    assert not missing, f"the message does not say {missing}{report}"
    for depth in ("Traceback", "Stack trace", "google.protobuf", "src/operator/"):
        assert depth not in message, f"the message speaks of the depths{report}"
