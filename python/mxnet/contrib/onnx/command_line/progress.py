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
"""A line on the terminal that says what takes so long, and is gone afterwards."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from typing import Iterator

#: Seconds before the line appears, and between its changes.
PATIENCE, TICK = 0.3, 0.1


@contextlib.contextmanager
def step(what: str) -> Iterator[None]:
    """Show ``what`` and its seconds on stderr while the block runs, if stderr is a terminal."""
    stream = sys.stderr
    if not stream.isatty():
        yield
        return
    done = threading.Event()
    start = time.perf_counter()

    def show() -> None:
        shown = False
        wait = PATIENCE
        while not done.wait(wait):
            stream.write(f"\r{what} ... {time.perf_counter() - start:4.1f} s")
            stream.flush()
            shown, wait = True, TICK
        if shown:
            stream.write("\r" + " " * (len(what) + 16) + "\r")
            stream.flush()

    watcher = threading.Thread(target=show, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
