"""nginx, serving files with sendfile: what the machine can do at best for reads."""

from __future__ import annotations

import os
from pathlib import Path

from .program import Program, find_program, first_version, free_port
from .server import Account, Server

_CONFIGURATION = """\
daemon off;
worker_processes auto;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port} reuseport; root {folder}/files; }}
}}
"""


class Nginx(Server):
    """Files that somebody else has put there; a presigned query changes nothing."""

    name = "nginx"
    syncs = "nothing: it takes no writes"
    has_buckets = False

    def __init__(self, folder: Path) -> None:
        self.version = first_version("nginx", "-v")
        self._folder = folder
        self._program = Program(folder)
        self._port = free_port()
        self.files = folder / "files"

    @staticmethod
    def is_there() -> bool:
        return find_program("nginx") is not None

    @property
    def account(self) -> Account:
        return Account(f"http://127.0.0.1:{self._port}", "nobody", "nothing")

    def put(self, target: str, size_bytes: int) -> None:
        """A file of random bytes under the path of a target."""
        path = self.files / target.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for start in range(0, size_bytes, 2**20):
                file.write(os.urandom(min(2**20, size_bytes - start)))

    def start(self) -> None:
        nginx = find_program("nginx")
        if nginx is None:
            raise RuntimeError("nginx is missing (apt install nginx-light)")
        self.files.mkdir(parents=True, exist_ok=True)
        configuration = self._folder / "nginx.conf"
        configuration.write_text(_CONFIGURATION.format(folder=self._folder, port=self._port))
        command = [nginx, "-p", str(self._folder), "-c", str(configuration)]
        if os.geteuid() == 0:
            command += ["-g", "user root;"]
        self._program.start(command, self._port)

    def stop(self) -> None:
        self._program.stop()

    @property
    def pid(self) -> int | None:
        return self._program.pid
