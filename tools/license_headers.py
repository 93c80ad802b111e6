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
"""Check that every source file of the repository starts with the license header.

    python tools/license_headers.py

Lists the files that do not, and ends with status 1 if there are any.
"""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys
from typing import Iterator

ROOT = pathlib.Path(__file__).resolve().parents[1]
KINDS = {".py", ".sh", ".cmake", ".groovy", ".md", ".rst", ".txt"}
NAMES = re.compile(r"CMakeLists\.txt|Jenkinsfile.*|run")
#: Files whose format or use leaves no room for a header.
WITHOUT = re.compile(r"requirements.*\.txt|.*\.onnx\.txt")
#: The header as it is to read, and how its lines may begin in the various kinds of file.
HEADER = [
    line[2:].strip() for line in pathlib.Path(__file__).read_text(encoding="utf-8").split("\n")[:16]
]
COMMENT = re.compile(r"^(#|//|<!---|\.\.|;)?\s*|\s*(-->)?$")
#: A shebang, an editor's mode line or a blank line may come before it.
FIRST_LINES = 6


def source_files() -> Iterator[pathlib.Path]:
    """Files of the repository that are to have the header: tracked, or new and not ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    for name in sorted(set(listed.decode().split("\0")) - {""}):
        path = ROOT / name
        known = path.suffix in KINDS or NAMES.fullmatch(path.name)
        if known and not WITHOUT.fullmatch(path.name) and path.is_file():
            yield path


def has_header(path: pathlib.Path) -> bool:
    """Whether the header stands within the first lines, each of its lines in a comment or bare."""
    with path.open(encoding="utf-8") as file:
        lines = [COMMENT.sub("", line) for _, line in zip(range(FIRST_LINES + len(HEADER)), file)]
    return any(lines[i : i + len(HEADER)] == HEADER for i in range(FIRST_LINES))


def main() -> int:
    """Print what lacks the header; 1 if anything does, else 0."""
    files = list(source_files())
    missing = [path for path in files if not has_header(path)]
    for path in missing:
        print(f"{path.relative_to(ROOT)}: does not start with the license header")
    print(f"{len(files) - len(missing)} of {len(files)} source files start with the license header")
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
