"""Run the steps of a Dockerfile without a container engine, then what the image would run.

    python .ci/image.py [Dockerfile]

Every step runs in a clean temporary directory that stands for the image's root: the image's paths,
such as /app, become paths below it, in the steps and in the environment alike. What needs a
container is left out and said: accounts, volumes, and the base images themselves, for which this
machine's Python stands in. Then the image's command is started, with a production-like environment
and a free port, its health check must succeed, and a page and a static file must be served.
"""

# ruff: noqa: T201 - it runs what the Dockerfile says and tells what it does

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

CONTEXT = Path(__file__).resolve().parent.parent

#: An absolute path of the image, but not one that exists on any Linux, nor a part of an address.
IMAGE_PATH = re.compile(r"(?<![\w./:$}-])/(?!(?:bin|dev|etc|proc|tmp|usr)\b)[\w][\w./-]*")

PRODUCTION = {
    "SECRET_KEY": "only-for-trying-the-image-0123456789-abcdefghijklmnopqrstuvwxyz",
    "SITE_URL": "https://papers.example.org",
    "ALLOWED_HOSTS": "papers.example.org,127.0.0.1",
    "TRUSTED_PROXIES": "1",
    "POSTAL_ADDRESS": "Broadsheet, 1 Example Street, 12345 Example",
    "EMAIL_URL": "smtp://mail.example.org:587",
}


class StepFailed(Exception):
    """A step that the Dockerfile describes does not work."""


def instructions(dockerfile: str) -> Iterator[tuple[str, str]]:
    """(NAME, rest of the line) for each instruction, with continued lines joined."""
    joined = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n", "", dockerfile))
    for line in joined.splitlines():
        name, _, rest = line.strip().partition(" ")
        if name:
            yield name.upper(), rest.strip()


@dataclass
class Image:
    """The state while a Dockerfile is gone through."""

    work: Path
    stages: dict[str, Path] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    directory: str = "/"
    command: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)
    stage: str = ""

    @property
    def root(self) -> Path:
        """Stands for the image's root directory. It has one path for all stages, so that what is
        copied from one to the next finds itself again.
        """
        return self.work / "root"

    def here(self, path: str) -> Path:
        """The path on this machine of a path in the image."""
        return self.root / (Path(self.directory) / path).relative_to("/")

    def translated(self, text: str) -> str:
        """`text` with the image's paths replaced by the ones on this machine."""
        return IMAGE_PATH.sub(lambda match: f"{self.root}{match[0]}", text)

    def variables(self) -> dict[str, str]:
        """The environment of a step: the base image's Python, and what ENV said."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name in {"LANG", "TMPDIR", "SSL_CERT_FILE"}
            or name.startswith("PIP_")
            or name.lower().endswith("_proxy")
        }
        system = f"{self.work / 'bin'}:/usr/local/bin:/usr/bin:/bin"
        return {"PATH": system, "HOME": str(self.work / "home")} | kept | self.environment

    def run(self, command: str) -> None:
        """A RUN step."""
        if command.startswith("useradd "):
            print("    (left out: accounts belong to the container)")
            return
        done = subprocess.run(
            ["/bin/sh", "-e", "-c", self.translated(command)],
            cwd=self.here("."),
            env=self.variables(),
            check=False,
        )
        if done.returncode:
            raise StepFailed(f"RUN {command}\nended with exit code {done.returncode}")

    def copy(self, arguments: str) -> None:
        """A COPY step: from the context, or --from another stage."""
        *sources, target = shlex.split(arguments)
        base = CONTEXT
        if sources[0].startswith("--from="):
            base = self.stages[sources.pop(0).removeprefix("--from=")]
        destination = self.here(target)
        for source in sources:
            origin = base / source.lstrip("/")
            if not origin.exists():
                raise StepFailed(f"COPY {arguments}: there is no {source}")
            if origin.is_dir():
                skipped = shutil.ignore_patterns("__pycache__") if base == CONTEXT else None
                shutil.copytree(
                    origin, destination, symlinks=True, dirs_exist_ok=True, ignore=skipped
                )
            else:
                into = destination / origin.name if target.endswith("/") else destination
                into.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(origin, into)

    def begin_stage(self, arguments: str) -> None:
        """FROM: put the last stage aside and begin with an empty root."""
        if self.root.exists():
            aside = self.work / f"stage-{len(self.stages)}"
            self.root.rename(aside)
            self.stages[self.stage or str(len(self.stages))] = aside
        self.root.mkdir()
        self.environment, self.directory = {}, "/"
        self.stage = arguments.partition(" AS ")[2].strip()

    def step(self, name: str, rest: str) -> None:
        """Carry out one instruction."""
        print(f"--- {name} {rest}", flush=True)
        match name:
            case "FROM":
                self.begin_stage(rest)
            case "WORKDIR":
                self.directory = str(Path(self.directory) / rest)
                self.here(".").mkdir(parents=True, exist_ok=True)
            case "ENV":
                key, _, value = rest.partition("=")
                path = self.variables()["PATH"]
                self.environment[key] = self.translated(value).replace("$PATH", path)
            case "RUN":
                self.run(rest)
            case "COPY":
                self.copy(rest)
            case "CMD":
                self.command = json.loads(rest)
            case "HEALTHCHECK":
                self.healthcheck = json.loads(rest[rest.index("[") :])
            case "VOLUME":
                self.here(rest).mkdir(parents=True, exist_ok=True)
            case "USER" | "EXPOSE":
                print("    (left out: belongs to the container)")
            case _:
                raise StepFailed(f"This script does not know the instruction {name}.")

    def try_it(self) -> None:
        """Migrate, start the image's command, and ask it what a load balancer and a reader ask."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        variables = self.variables() | PRODUCTION

        def ours(command: list[str]) -> list[str]:
            words = [self.translated(word).replace("8000", port) for word in command]
            return [shutil.which(words[0], path=variables["PATH"]) or words[0], *words[1:]]

        cwd = self.here(".")
        migrate = ours(["python", "manage.py", "migrate", "--no-input", "--verbosity", "0"])
        subprocess.run(migrate, cwd=cwd, env=variables, check=True)
        print(f"--- started: {shlex.join(self.command)}", flush=True)
        server = subprocess.Popen(ours(self.command), cwd=cwd, env=variables)
        try:
            self._ask(server, ours(self.healthcheck), variables, port)
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                code = server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                raise StepFailed("The server did not stop within 20 s of SIGTERM.") from None
        if code:
            raise StepFailed(f"The server ended with exit code {code} after SIGTERM.")
        print("    it ended within its time when told to")

    def _ask(
        self,
        server: subprocess.Popen[bytes],
        healthcheck: list[str],
        variables: dict[str, str],
        port: str,
    ) -> None:
        deadline = time.monotonic() + 30
        while True:
            asked = subprocess.run(
                healthcheck, env=variables, check=False, capture_output=True, timeout=10
            )
            if not asked.returncode:
                break
            if server.poll() is not None or time.monotonic() > deadline:
                raise StepFailed(f"The health check fails: {asked.stderr.decode()[-300:]}")
            time.sleep(0.3)
        print("    the health check succeeds")
        page = self._get(port, "/")
        print(f"    / answers with {len(page)} bytes")
        found = re.search(r'(/static/[^"\']+\.css)', page.decode())
        if found is None:
            raise StepFailed("The page names no style sheet.")
        style = self._get(port, found[1])
        print(f"    {found[1]} answers with {len(style)} bytes")

    def _get(self, port: str, path: str) -> bytes:
        """What the proxy in front would get for its client's HTTPS request."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}{path}",
            headers={"Host": "papers.example.org", "X-Forwarded-Proto": "https"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=20) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            raise StepFailed(f"{path} answers {error.code}") from None


def main(dockerfile: Path) -> None:
    """Go through the Dockerfile and try what came of it."""
    with tempfile.TemporaryDirectory(prefix="broadsheet-image-") as work:
        image = Image(Path(work).resolve())
        (image.work / "home").mkdir()
        (image.work / "bin").mkdir()
        python = image.work / "bin" / "python"
        base = getattr(sys, "_base_executable", sys.executable)
        python.write_text(f'#!/bin/sh\nexec {shlex.quote(base)} "$@"\n')
        python.chmod(0o755)
        for name, rest in instructions(dockerfile.read_text()):
            image.step(name, rest)
        image.try_it()


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1] if len(sys.argv) > 1 else "Dockerfile"))
    except StepFailed as failure:
        sys.exit(f"The image does not work: {failure}")
