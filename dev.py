#!/usr/bin/env python3
"""The commands for development and CI. Creates the virtual environment, then runs the command in it.

    python3 dev.py up            the demonstration, in one terminal
    python3 dev.py test          every test, on SQLite and on PostgreSQL
    python3 dev.py lint          ruff, mypy, the import contracts
    python3 dev.py lock          the pinned, hashed requirements
    python3 dev.py bench NAME    a benchmark of benchmarks/
    python3 dev.py simulate --seeds N    the deterministic simulation; --seed S replays one
    python3 dev.py prove NAME    generated cases against a model, and the previous version beside this one
    python3 dev.py mutate FILE...   one change of a file at a time, and the tests that execute its line

The standard library alone, because it runs before anything is installed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENVIRONMENT = HERE / ".venv"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
OLDEST = (3, 11)
PROOFS = ("matching", "lifecycle", "explained", "upgrade")


def say(words: str) -> None:
    print(f"dev.py: {words}", file=sys.stderr, flush=True)


def stop(words: str) -> None:
    say(words)
    raise SystemExit(1)


def run(*command: str | Path, **more: object) -> None:
    """Run a command in the project's folder; end with its exit code if it fails."""
    if code := subprocess.run([str(part) for part in command], cwd=HERE, **more).returncode:  # type: ignore[call-overload]
        raise SystemExit(code)


def hand_over(*command: str | Path) -> None:
    """Replace this process by the command, so that only the command receives Ctrl-C and signals."""
    words = [str(part) for part in command]
    os.chdir(HERE)
    os.execv(words[0], words)


def environment(requirements: str) -> None:
    """Create .venv and install the locked requirements, unless they are installed already."""
    wanted = hashlib.sha256((HERE / requirements).read_bytes()).hexdigest()
    stamp = ENVIRONMENT / f".{requirements}.sha256"
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    if not PYTHON.exists():
        say(f"making an environment in {ENVIRONMENT.name}/")
        # Without pip in it: Debian's python3 lacks ensurepip, and pip can install into it from outside.
        venv.create(ENVIRONMENT, with_pip=False)
    say(f"installing {requirements} (pinned and hashed; a minute or two the first time)")
    install(requirements)
    stamp.write_text(wanted)


def install(requirements: str) -> None:
    pip = [sys.executable, "-m", "pip"]
    if subprocess.run([*pip, "--version"], capture_output=True).returncode:
        stop("pip is missing. Install it (Debian, Ubuntu: apt install python3-pip) and run this again.")
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    target = ["--python", str(PYTHON), "install", *quiet, "--require-hashes", "-r", requirements]
    if subprocess.run([*pip, *target], cwd=HERE).returncode:
        stop(f"pip could not install {requirements}; its own words are above. Is a package index reachable?")


def up(_: argparse.Namespace) -> None:
    environment("requirements.txt")
    hand_over(PYTHON, "manage.py", "demo")


def test(options: argparse.Namespace) -> None:
    environment("requirements-dev.txt")
    chosen = [f"--{name}" for name in ("faults", "browser", "smpp", "all") if getattr(options, name)]
    hand_over(PYTHON, "-m", "tests", *chosen, *options.rest)


def lint(_: argparse.Namespace) -> None:
    environment("requirements-dev.txt")
    for tool, *words in (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"], ["lint-imports"]):
        run(PYTHON.parent / tool, *words)


def lock(_: argparse.Namespace) -> None:
    environment("requirements-dev.txt")
    compile_ = [PYTHON.parent / "uv", "pip", "compile", "--universal", "--python-version", "3.11", "--upgrade"]
    plain = ["--generate-hashes", "--no-header", "--no-annotate", "--quiet", "pyproject.toml"]
    run(*compile_, *plain, "-o", "requirements.txt")
    run(*compile_, *plain, "--extra", "dev", "-c", "requirements.txt", "-o", "requirements-dev.txt")
    say("wrote requirements.txt and requirements-dev.txt")


def bench(options: argparse.Namespace) -> None:
    environment("requirements-dev.txt")
    hand_over(PYTHON, "-m", f"benchmarks.{options.name}", *options.rest)


def simulate(options: argparse.Namespace) -> None:
    environment("requirements-dev.txt")
    hand_over(PYTHON, "-m", "tests.simulation", *options.rest)


def prove(options: argparse.Namespace) -> None:
    environment("requirements-dev.txt")
    hand_over(PYTHON, "-m", f"tests.proofs.{options.name}", *options.rest)


def mutate(options: argparse.Namespace) -> None:
    environment("requirements-dev.txt")
    hand_over(PYTHON, "-m", "tests.mutation", *options.rest)


def main() -> None:
    if sys.version_info < OLDEST:
        stop("Python 3.11 or later is needed; this is " + sys.version.split()[0])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(
        required=True, metavar="up | test | lint | lock | bench | simulate | prove | mutate"
    )
    for step in (up, test, lint, lock, bench, simulate, prove, mutate):
        command = commands.add_parser(step.__name__)
        command.set_defaults(step=step)
        if step is test:
            command.add_argument("--faults", action="store_true", help="the long fault suite")
            command.add_argument("--browser", action="store_true", help="the browser tests (Chromium)")
            command.add_argument("--smpp", action="store_true", help="the tests with the real Kannel")
            command.add_argument("--all", action="store_true", help="everything")
        if step in (bench, prove):
            command.add_argument("name", choices=PROOFS if step is prove else None)
    options, options.rest = parser.parse_known_args()
    if options.rest and options.step not in (test, bench, simulate, prove, mutate):
        parser.error(f"unknown words: {' '.join(options.rest)}")
    options.step(options)


if __name__ == "__main__":
    main()
