"""What deploy/ gives a technician fits the program: no route is shut out, none is let out, no setting is made up, and systemd takes the units."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.routing import Mount, Route

from bot.metrics import Metrics
from bot.running import Running
from bot.settings import catalogue
from bot.settings.reading import RESERVED
from bot.web import application
from tests.world import World

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())
UNITS = sorted((DEPLOY / "systemd").iterdir())
INSIDE = {"/healthz", "/readyz", "/metrics"}
"""What monitoring asks on the computer itself, and the world may not."""
PROGRAM = "/srv/bookbag/.venv/bin/bookbag"


@pytest.fixture
def routes(world: World) -> set[str]:
    """Every address that the program answers, as an example of each."""
    app = application(world.house, Running(world.house), Metrics())
    found = {route.path for route in app.routes if isinstance(route, (Route, Mount))}
    return {re.sub(r"\{[^}]*\}", "x", path) for path in found}


def caddy_passes(path: str) -> bool:
    """As Caddy's `path` matcher has it: `*` at the end stands for anything."""
    matcher = re.search(r"@school path (.*)", (DEPLOY / "proxy/Caddyfile").read_text(encoding="utf-8"))
    assert matcher
    return any(path.startswith(each[:-1]) if each.endswith("*") else path == each for each in matcher[1].split())


def nginx_passes(path: str) -> bool:
    """As nginx has its one location of a pattern."""
    location = re.search(r"location ~ (\S+) \{", (DEPLOY / "proxy/nginx.conf").read_text(encoding="utf-8"))
    assert location
    return re.search(location[1], path) is not None


@pytest.mark.parametrize("passes", [caddy_passes, nginx_passes])
def test_the_proxies_pass_on_what_the_world_may_reach_and_no_more(passes: Any, routes: set[str]) -> None:
    assert "/webhooks/twilio/message" in routes
    assert routes >= INSIDE
    assert {path for path in routes if not passes(path)} == INSIDE
    assert passes("/console/live")
    assert passes("/console/families/3")
    for path in ("/", "/simulator", "/simulator/x", "/consoles", "/queue", "/metrics/"):
        assert not passes(path)


def test_the_proxies_write_no_address_down_and_hold_back_no_event() -> None:
    caddy, nginx = ((DEPLOY / "proxy" / name).read_text(encoding="utf-8") for name in ("Caddyfile", "nginx.conf"))
    assert not re.search(r"^\s*log\b", caddy, re.MULTILINE)
    assert "flush_interval -1" in caddy
    servers = nginx.split("\nserver {")[1:]
    assert len(servers) == 2
    assert all("access_log off;" in server for server in servers)
    assert "access_log /" not in nginx
    live = nginx.partition("location = /console/live {")[2].partition("}")[0]
    assert "proxy_buffering off;" in live
    assert nginx.count("{") == nginx.count("}")
    assert caddy.count("{") == caddy.count("}")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    settings = {setting.variable for setting in catalogue()}
    named = set(re.findall(r"\bBOOKBAG_[A-Z_]+\b", path.read_text(encoding="utf-8")))
    assert {name for name in named if name not in settings and name.removesuffix("_FILE") not in settings and name not in RESERVED} == set()


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """With a program that is there in the place of ours, which is not."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    for unit in UNITS:
        (tmp_path / unit.name).write_text(unit.read_text(encoding="utf-8").replace(PROGRAM, "/bin/true"), encoding="utf-8")
    for unit in UNITS:
        done = subprocess.run([analyze, "verify", str(tmp_path / unit.name)], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), unit.name
        if unit.suffix == ".service":
            done = subprocess.run(
                [analyze, "security", "--offline=true", "--threshold=20", str(tmp_path / unit.name)], capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout[-300:]


def test_the_services_keep_to_themselves() -> None:
    for unit in UNITS:
        if unit.suffix != ".service":
            continue
        said = dict(line.split("=", 1) for line in unit.read_text(encoding="utf-8").splitlines() if "=" in line and not line.startswith("#"))
        assert said["User"] == "bookbag"
        assert said["UMask"] == "0077"
        assert said["ProtectSystem"] == "strict"
        assert said["NoNewPrivileges"] == "yes"
        assert said["StateDirectoryMode"] == "0700"


def test_each_secret_of_the_service_is_handed_over_and_read() -> None:
    unit = (DEPLOY / "systemd/bookbag.service").read_text(encoding="utf-8")
    handed = set(re.findall(r"LoadCredential=(\w+):/etc/bookbag/secrets/(\w+)", unit))
    assert {name for name, _ in handed} == {file for _, file in handed} == set(re.findall(r"_FILE=%d/(\w+)", unit))
    compose = yaml.safe_load((DEPLOY / "container/compose.yml").read_text(encoding="utf-8"))
    service = compose["services"]["bookbag"]
    assert set(service["secrets"]) == set(compose["secrets"]) == {Path(file).name for file in service["environment"].values()}
    assert service["environment"].keys() == set(re.findall(r"Environment=(BOOKBAG_\w+_FILE)=", unit))
    mounted = [volume.partition(":")[0] for each in compose["services"].values() for volume in each["volumes"]]
    assert {name for name in mounted if name[0] not in "/."} == compose["volumes"].keys()


def test_the_container_is_built_from_what_is_there() -> None:
    dockerfile = (DEPLOY / "container/Dockerfile").read_text(encoding="utf-8")
    compose = yaml.safe_load((DEPLOY / "container/compose.yml").read_text(encoding="utf-8"))
    build = compose["services"]["bookbag"]["build"]
    assert (DEPLOY / "container" / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).exists()
    assert (ROOT / "requirements.lock").exists()
    assert "USER bookbag" in dockerfile
    assert not re.search(r"BOOKBAG_\w*(TOKEN|KEY|SECRET)\w*=", dockerfile)
    assert {".git", ".venv", "var"} <= set((ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines())
    for volume in (volume for each in compose["services"].values() for volume in each["volumes"] if volume.startswith(".")):
        assert (DEPLOY / "container" / volume.partition(":")[0]).exists()
