"""Dockerfile, compose.yaml, Procfile and akinon.json hold what they promise, as far as it shows without a platform."""

from __future__ import annotations

import fnmatch
import json
import re
import runpy
import shutil
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.support.processes import HALF_WRITTEN

from .files import ROOT, akinon, compose, dockerfile, interpolated, procfile, read

HADOLINT = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin")


@pytest.mark.skipif(HADOLINT is None, reason="hadolint is not installed: install requirements-dev.txt")
@pytest.mark.parametrize("name", ["Dockerfile", "kannel/Dockerfile"])
def test_a_dockerfile_passes_its_linter(name):
    done = subprocess.run([HADOLINT, ROOT / name], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_is_built_in_two_stages_from_the_slim_python_of_the_project():
    build, run = [words for word, words in dockerfile() if word == "FROM"]
    assert run.startswith("python:3.11-slim@")
    assert build == f"{run} AS build"


def test_images_from_elsewhere_are_pinned_by_digest():
    _, python = [words for word, words in dockerfile() if word == "FROM"]
    pulled = [service["image"] for service in compose()["services"].values() if "build" not in service]
    assert len(pulled) == 1
    for image in (python, *pulled):
        assert re.fullmatch(r"[a-z]+:[\w.-]+@sha256:[0-9a-f]{64}", image)


def last_stage() -> list[tuple[str, str]]:
    instructions = dockerfile()
    return instructions[max(i for i, (word, _) in enumerate(instructions) if word == "FROM") :]


def test_the_image_runs_unprivileged():
    users = [words for word, words in last_stage() if word == "USER"]
    assert users == ["10001"]
    order = [word for word, _ in last_stage()]
    assert order.index("USER") < order.index("CMD")


def test_the_image_starts_the_web_side_and_asks_it_whether_it_lives():
    words = dict(last_stage())
    assert json.loads(words["CMD"]) == ["gunicorn", "-c", "config/gunicorn.py", "config.wsgi"]
    probe = json.loads(words["HEALTHCHECK"].partition("CMD ")[2])
    compile(probe[2], "the probe", "exec")
    assert "/healthz" in probe[2]


def test_packages_are_pinned_and_hashed_wherever_they_are_installed():
    for name in ("Dockerfile", "build.sh"):
        [line] = [line for line in read(name).splitlines() if "pip install" in line]
        assert "--require-hashes -r requirements.txt" in line


@pytest.mark.parametrize(
    "secret",
    [
        ".env",
        "db.sqlite3",
        "db.sqlite3-wal",
        ".git",
        ".demo",
        "shop.toml",
        ".venv",
        "tests",
        "dev.py",
        "pyproject.toml",
        "requirements-dev.txt",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        ".hypothesis",
        ".mypy_cache",
        "docs",
        "benchmarks",
        "kannel",
    ],
)
def test_secrets_data_and_tools_stay_out_of_the_image(secret):
    patterns = [line for line in read(".dockerignore").splitlines() if line and not line.startswith("#")]
    assert any(fnmatch.fnmatch(secret, pattern) for pattern in patterns)


@pytest.mark.parametrize("needed", ["manage.py", "config", "sms", "providers", "templates", "requirements.txt"])
def test_what_runs_is_in_the_image(needed):
    patterns = [line for line in read(".dockerignore").splitlines() if line and not line.startswith("#")]
    assert (ROOT / needed).exists()
    assert not any(fnmatch.fnmatch(needed, pattern) for pattern in patterns)


def test_compose_starts_web_and_two_dispatchers_after_the_migrations():
    services = compose()["services"]
    assert services.keys() == {"database", "migrate", "web", "admin", "dispatcher", "bearerbox", "smsbox"}
    assert services["dispatcher"]["deploy"]["replicas"] == 2
    assert (services["admin"]["profiles"], services["admin"]["environment"]["SERVE"]) == (["admin"], "admin")
    for name in ("web", "admin", "dispatcher"):
        assert services[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert services["migrate"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert services["migrate"]["restart"] == "no"


def test_compose_gives_our_processes_as_little_as_they_need():
    services = compose()["services"]
    for name in ("migrate", "web", "admin", "dispatcher", "bearerbox", "smsbox"):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
        assert "privileged" not in services[name]
    assert "ports" not in services["database"]
    for name in services:
        assert services[name]["mem_limit"]
        assert services[name]["logging"]["options"].keys() == {"max-size", "max-file"}


@pytest.mark.parametrize(("values", "port"), [({}, "8000"), ({"PORT": "9000"}, "9000")])
def test_the_port_of_the_settings_file_moves_the_process_and_the_mapping(values, port):
    web = compose()["services"]["web"]
    assert [interpolated(mapping, values) for mapping in web["ports"]] == [f"127.0.0.1:{port}:{port}"]
    assert interpolated(web["environment"]["PORT"], values) == port


def test_the_proxies_that_compose_trusts_are_those_of_its_own_network():
    [network] = compose()["networks"]["default"]["ipam"]["config"]
    assert ip_network(network["subnet"]).is_private
    for name in ("migrate", "web", "admin", "dispatcher"):
        assert compose()["services"][name]["environment"]["TRUSTED_PROXIES"] == network["subnet"]
        assert "networks" not in compose()["services"][name]


def test_a_stop_leaves_time_for_the_longest_call():
    assert compose()["services"]["dispatcher"]["stop_grace_period"] == "150s"  # a provider's time-out ends at 120
    graceful = runpy.run_path(str(ROOT / "config/gunicorn.py"))["graceful_timeout"]
    assert int(compose()["services"]["web"]["stop_grace_period"].removesuffix("s")) >= graceful + 10


def test_a_dispatchers_health_is_asked_by_a_command_that_there_is():
    probe = compose()["services"]["dispatcher"]["healthcheck"]
    assert probe["test"] == ["CMD", "python", "manage.py", "check_dispatcher"]
    assert "check_dispatcher" in get_commands()


def test_compose_makes_a_database_that_migrate_takes():
    assert compose()["services"]["database"]["environment"]["POSTGRES_INITDB_ARGS"] == "--encoding=UTF8"


def test_the_image_holds_no_installer_and_says_what_it_is():
    build = [words for word, words in dockerfile() if word == "RUN" and "uninstall" in words]
    assert "/venv/bin/python -m pip uninstall --yes pip setuptools" in build[0]
    [last] = [words for word, words in last_stage() if word == "RUN" and "uninstall" in words]
    assert "pip setuptools wheel" in last
    assert "ensurepip" in last
    [labels] = [words for word, words in last_stage() if word == "LABEL"]
    assert "image.title" in labels
    assert "image.licenses" in labels


def test_the_platform_of_akinon_finds_what_it_asks_for():
    manifest = akinon()
    assert manifest["runtime"] == "python:3.11-slim"
    assert manifest["formation"]["web"]["healthcheck"] == "/healthz"
    assert manifest["formation"].keys() == procfile().keys()
    assert [addon["plan"] for addon in manifest["addons"]] == ["postgresql"]  # neither Redis nor a broker
    assert manifest["scripts"] == {"build": "sh build.sh", "release": "python manage.py migrate --noinput"}
    assert "0.0.0.0:8008" in procfile()["web"]


def test_the_build_script_is_a_script_that_the_shell_can_read():
    assert subprocess.run(["sh", "-n", str(ROOT / "build.sh")], capture_output=True).returncode == 0
    assert read("build.sh").startswith("#!/bin/sh\n")


@pytest.mark.parametrize("name", ["build.sh", "Dockerfile"])
def test_the_build_needs_neither_keys_nor_a_database(name, tmp_path):
    for folder in ("config", "sms", "providers", "templates"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns(HALF_WRITTEN, "__pycache__"))
    shutil.copy(ROOT / "manage.py", tmp_path)
    text = read(name).replace("\\\n", " ")
    [line] = [line for line in text.splitlines() if "collectstatic" in line]
    command = line.removeprefix("RUN ").replace("/venv/bin/python", "python")
    environment = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "staticfiles/sms/admin.css").exists()
    assert not list(tmp_path.glob("*.sqlite3"))
    assert name == "build.sh" or list((tmp_path / "sms/services/queue/__pycache__").glob("outbox.*.pyc"))
