"""Lock every dependency with its hashes: ``python benchmarks/lock.py`` writes requirements*.lock from their .txt.

uv resolves the pins for all platforms of Python 3.11, in a virtual environment of its own. torch and CUDA's libraries
are left out: pip installs them from requirements.txt afterwards. torch comes in builds with and without CUDA under one
version, and where a hash is asked for pip takes the build whose index states one, which is the one with CUDA.
"""

import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SETS = ("requirements", "requirements-test", "requirements-cluster")
UV = "uv==0.13.9"
LEFT_OUT = re.compile(r"(torch==|nvidia-|cuda-|triton)")
NOT_HERE = re.compile(r"python_full_version >= '3\.1[2-9]'")
"""uv answers for 3.11 and later; the project is for 3.11."""
ALWAYS = re.compile(r" ; python_full_version < '3\.1[2-9]'(?= |$)| and python_full_version < '3\.1[2-9]'")
HEADER = """# What {name}.txt needs besides torch, with the hashes of its files. Made by benchmarks/lock.py.
# Install without looking further, then the pins, which adds torch and what its build wants:
#   pip install --require-hashes --no-deps -r {name}.lock
#   pip install -r {name}.txt
"""


def resolved(uv: Path, name: str, given: list[str]) -> str:
    """What uv answers for one set, with the versions of the sets before it."""
    command = [
        uv, "pip", "compile", "--no-config", "--universal", "--python-version", "3.11", "--generate-hashes",
        "--no-header", "--no-annotate", "--quiet", f"{name}.txt", *given,
    ]  # fmt: skip
    return subprocess.run(list(map(str, command)), cwd=ROOT, check=True, capture_output=True, text=True).stdout


def blocks(text: str) -> list[str]:
    """One string for each package: its line and those of its hashes."""
    return re.findall(r"^\S.*(?:\n[ ]+--hash.*)*", text, re.MULTILINE)


def kept(block: str) -> str | None:
    """The package as the lock holds it; None for what it leaves out."""
    first, *hashes = block.split("\n")
    if LEFT_OUT.match(first) or NOT_HERE.search(first):
        return None
    return "\n".join([ALWAYS.sub("", first), *hashes])


def main() -> int:
    """Write all locks."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        subprocess.run([f"{folder}/bin/pip", "install", "--quiet", UV], check=True)
        given: list[str] = []
        for name in SETS:
            lines = filter(None, map(kept, blocks(resolved(Path(folder) / "bin" / "uv", name, given))))
            (ROOT / f"{name}.lock").write_text(HEADER.format(name=name) + "\n".join(lines) + "\n", encoding="utf-8")
            given = ["--constraint", "requirements.lock"]
    return 0


if __name__ == "__main__":
    sys.exit(main())
