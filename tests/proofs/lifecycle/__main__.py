"""The lifecycle against its model, on both databases."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="dev.py prove lifecycle", description=__doc__)
    parser.add_argument("--examples", type=int, default=1000, metavar="N", help="orders of steps (default: 1000)")
    parser.add_argument("--seed", type=int, default=int(time.time()), metavar="S", help="default: the time")
    options = parser.parse_args(words)
    from tests.__main__ import run

    print(f"seed {options.seed}", flush=True)
    os.environ["LIFECYCLE_EXAMPLES"] = str(options.examples)
    return run(["tests/proofs/lifecycle", f"--hypothesis-seed={options.seed}", "-q"])


if __name__ == "__main__":
    raise SystemExit(main())
