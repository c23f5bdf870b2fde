"""What api/deploy says fits what the service takes."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from geoplan_api.bodies import MAX_SECONDS
from geoplan_api.protocol import HEAD_SECONDS

from geoplan.settings import Settings

DEPLOY = Path(__file__).parents[2] / "api" / "deploy"
UNIT, NGINX, DOCKER = (DEPLOY / name for name in ("geoplan.service", "nginx.conf", "Dockerfile"))


@pytest.mark.parametrize("path", [UNIT, NGINX, DOCKER])
def test_every_setting_named_is_one(path: Path) -> None:
    named = set(re.findall(r"GEOPLAN_([A-Z_]+)", path.read_text(encoding="utf-8")))
    assert named
    assert {name.lower() for name in named} <= set(Settings.model_fields)


def test_the_unit_starts_a_service_that_asks_for_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    from geoplan_api.access import needs_keys

    text = UNIT.read_text(encoding="utf-8")
    for line in re.findall(r"(?m)^Environment=(.*)$", text):
        for pair in line.split():
            name, _, value = pair.partition("=")
            monkeypatch.setenv(name, value)
    settings = Settings()
    assert needs_keys(settings)
    assert (settings.workers, settings.log, settings.hosts) == (2, "json", ("plan.example.org",))
    for hardening in ("ProtectSystem=strict", "NoNewPrivileges=yes", "CapabilityBoundingSet=\n"):
        assert hardening in text


def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not here")
    text = UNIT.read_text(encoding="utf-8").replace("/opt/geoplan/bin/geoplan", "/bin/true")
    unit = tmp_path / "geoplan.service"
    unit.write_text(text, encoding="utf-8")
    answer = subprocess.run([program, "verify", str(unit)], capture_output=True, text=True,
                            check=False, timeout=60)  # fmt: skip
    assert "geoplan.service" not in answer.stderr, answer.stderr
    assert answer.returncode == 0


def test_the_proxy_has_the_limits_of_the_service() -> None:
    text = NGINX.read_text(encoding="utf-8")
    assert f"client_max_body_size {Settings().max_body_bytes};" in text
    assert f"client_header_timeout {HEAD_SECONDS:g}s;" in text
    assert f"client_body_timeout {MAX_SECONDS:g}s;" in text
    assert "$request_uri" not in re.findall(r"log_format.*", text)[0]
    assert "proxy_set_header Host $host;" in text


def test_the_proxy_s_file_is_one_that_nginx_takes(tmp_path: Path) -> None:
    program = shutil.which("nginx")
    if program is None:
        pytest.skip("nginx is not here")
    text = re.sub(r"(?m)^\s*ssl_certificate.*$|(?<=listen 443) ssl", "", NGINX.read_text("utf-8"))
    whole = tmp_path / "nginx.conf"
    logs = text.replace("/var/log/nginx", str(tmp_path))
    whole.write_text(f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{logs}\n}}\n", encoding="utf-8")
    answer = subprocess.run([program, "-t", "-c", str(whole), "-p", str(tmp_path)],
                            capture_output=True, text=True, check=False, timeout=60)  # fmt: skip
    assert answer.returncode == 0, answer.stderr


def test_the_image_says_that_it_was_not_built() -> None:
    assert "was not built" in DOCKER.read_text(encoding="utf-8").splitlines()[0]
