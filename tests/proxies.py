"""The proxies of docs/deploying.md, started with the very configurations that stand there."""

import datetime as dt
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DOCS = Path(__file__).parent.parent / "docs" / "deploying.md"
HOST = "papers.example.org"
PROXIES = ("no proxy", "nginx", "Caddy")


def documented(file: str) -> str:
    """The configuration that stands in the docs below the name of its file."""
    after = DOCS.read_text().partition(f"`{file}`:\n\n")[2]
    block = re.match(r"(?:(?: {4}.*)?\n)+", after)
    assert block, f"docs/deploying.md has no {file}"
    return re.sub(r"(?m)^ {4}", "", block[0])


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def proxy(name: str, directory: Path, upstream: int) -> Iterator[int]:
    """The port at which the proxy `name`, "nginx" or "Caddy", takes HTTPS for the port `upstream`
    of this machine. The test is skipped where the program is not installed.
    """
    program = shutil.which(name.lower())
    if program is None:
        pytest.skip(f"needs {name}, which is not installed here")
    port, plain = free_port(), free_port()
    directory.mkdir(parents=True, exist_ok=True)
    if name == "nginx":
        config = _nginx(directory, port, plain, upstream)
        command = [program, "-p", str(directory), "-c", str(config), "-e", "stderr"]
    else:
        config = _caddy(directory, port, plain, upstream)
        command = [program, "run", "--config", str(config), "--adapter", "caddyfile"]
    log = directory / "log"
    home = {"HOME": str(directory), "XDG_DATA_HOME": str(directory), "PATH": "/usr/bin:/bin"}
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=directory, env=home, stdout=out, stderr=out)
    try:
        wait_for(port, process, log)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def wait_for(
    port: int, process: "subprocess.Popen[bytes]", log: Path, *, seconds: int = 60
) -> None:
    """Wait until something listens at the port."""
    end = time.monotonic() + seconds
    while True:
        assert process.poll() is None, log.read_text()[-2000:]
        assert time.monotonic() < end, log.read_text()[-2000:]
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)


def _nginx(directory: Path, port: int, plain: int, upstream: int) -> Path:
    certificate, key = _certificate(directory)
    said = _replaced(
        documented("/etc/nginx/conf.d/broadsheet.conf"),
        {
            "listen 80;": f"listen 127.0.0.1:{plain};",
            "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
            "listen [::]:80;": "",
            "listen [::]:443 ssl;": "",
            f"/etc/letsencrypt/live/{HOST}/fullchain.pem": str(certificate),
            f"/etc/letsencrypt/live/{HOST}/privkey.pem": str(key),
            "127.0.0.1:8000": f"127.0.0.1:{upstream}",
        },
    )
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"{kind}_temp_path {directory};\n" for kind in kinds)
    config = directory / "nginx.conf"
    config.write_text(
        f"daemon off;\nmaster_process off;\npid {directory}/pid;\nevents {{}}\n"
        f"http {{\n{paths}{said}}}\n"
    )
    return config


def _caddy(directory: Path, port: int, plain: int, upstream: int) -> Path:
    said = _replaced(
        documented("/etc/caddy/Caddyfile"), {"127.0.0.1:8000": f"127.0.0.1:{upstream}"}
    )
    config = directory / "Caddyfile"
    config.write_text(
        f"{{\nadmin off\nlocal_certs\nskip_install_trust\nhttp_port {plain}\n"
        f"https_port {port}\ndefault_bind 127.0.0.1\n}}\n{said}"
    )
    return config


def _replaced(text: str, exchanges: dict[str, str]) -> str:
    """`text` with what belongs to this machine in place of what belongs to the docs' example."""
    for old, new in exchanges.items():
        assert old in text, f"docs/deploying.md has no {old}"
        text = text.replace(old, new)
    return text


def _certificate(directory: Path) -> tuple[Path, Path]:
    """A certificate that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem, key_pem = directory / "certificate.pem", directory / "key.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pem, key_pem
