"""The image as a container engine starts it, and Debian's nginx in front of it with the shipped configuration."""

import ctypes
import http.client
import json
import os
import pathlib
import random
import re
import signal
import socket
import ssl
import subprocess
import time

PROJECT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = pathlib.Path(os.environ["CONTAINER_FOLDER"])
ROOT = FOLDER / "image"
CONFIG = json.loads(pathlib.Path(os.environ["CONTAINER_IMAGE"]).read_text())["Docker"]["config"]


def readme_commands():
    """Those of the part "In a container", each on one line."""
    text = (PROJECT / "README.md").read_text().partition("## In a container")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```bash\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return "".join(blocks).replace("\\\n", " ").splitlines()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(what, seconds=60):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, what
        time.sleep(0.05)


def sandbox():
    """As much as this kernel can hold the server to: all that is vital takes version 3 of Landlock."""
    version = ctypes.CDLL(None).syscall(444, None, 0, 1)  # landlock_create_ruleset()
    return "require" if version >= 3 else "auto"


def boxed(arguments, environment, user, data, *options):
    """
    The command line that starts the image's program as an unprivileged user, who takes no right along: a root file
    system that nobody can write, no capability, none to be had, its own processes. The network is shared.
    """
    variables = dict(e.split("=", 1) for e in CONFIG["Env"]) | environment
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--",
            "bwrap", "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--as-pid-1",
            "--die-with-parent", "--cap-drop", "ALL", "--ro-bind", str(ROOT), "/", "--ro-bind", str(data), "/data",
            "--tmpfs", "/tmp", "--proc", "/proc", "--dev", "/dev", "--remount-ro", "/", "--chdir", "/", "--clearenv",
            *(word for name, value in variables.items() for word in ("--setenv", name, value)), *options,
            "--", *CONFIG["Entrypoint"], *arguments]


def run(*arguments, environment=None):
    """The program's command to its end, as some user."""
    return subprocess.run(boxed(arguments, environment or {}, random.randrange(100000, 2**31), "/var/empty"),
                          capture_output=True, text=True, timeout=60)


class Instance:
    """data: the folder that it serves. Several serve the same, so that their ETags agree."""

    def __init__(self, settings, data):
        self.settings, self.data = settings, data
        self.port, self.admin = free_port(), free_port()
        self.log = FOLDER / f"log-{self.port}"
        self.environment = {"MANDOLINE_LISTEN": f"127.0.0.1:{self.port}", "MANDOLINE_ALLOW_ANONYMOUS": "all",
                            "MANDOLINE_SANDBOX": sandbox(),
                            "MANDOLINE_TRUST_PROXY": "127.0.0.1", "MANDOLINE_DRAIN_DELAY": "2",
                            "MANDOLINE_ADMIN_LISTEN": f"127.0.0.1:{self.admin}"}
        self.start()

    def start(self):
        """From the main thread: the process ends with the thread that started it."""
        self.user = random.randrange(100000, 2**31)
        told, tell = os.pipe()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                boxed(CONFIG["Cmd"], self.environment, self.user, self.data, "--info-fd", str(tell)),
                stderr=log, stdout=log, pass_fds=(tell,))
        os.close(tell)
        with os.fdopen(told) as info:
            self.pid = json.load(info)["child-pid"]
        wait_until(self.ready)

    def probe(self):
        """Where probes are answered: on the listener for them, where the program has one."""
        return self.admin if "admin-listen" in self.settings else self.port

    def ask(self, port, path):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def ready(self):
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.ask(self.probe(), "/readyz")[0] == 200
        except OSError:
            return False

    def status(self):
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return dict(re.findall(r"^(\w+):\s*(.*)$", text, re.MULTILINE))

    def stop(self):
        """As a container engine does; the exit status."""
        assert CONFIG["StopSignal"] == "SIGTERM"
        os.kill(self.pid, signal.SIGTERM)
        return self.process.wait(60)


class Gateway:
    """nginx with docker/nginx.conf: only addresses and the places of files are others."""

    def __init__(self, instances):
        self.port = free_port()
        self.folder = FOLDER / f"nginx-{self.port}"
        (self.folder / "tls").mkdir(parents=True)
        self.certificate = self.folder / "tls/gateway.pem"
        command = next(c for c in readme_commands() if c.startswith("openssl "))
        subprocess.run(["bash", "-ec", command.replace("docker/tls/", f"{self.folder}/tls/")], check=True,
                       capture_output=True)
        text = (PROJECT / "docker/nginx.conf").read_text()
        changes = {"listen 8443 ": f"listen 127.0.0.1:{self.port} ",
                   "access_log /dev/stdout ": f"access_log {self.folder}/access.log "}
        for number, instance in enumerate(instances, 1):
            changes[f"server mandoline-{number}:8080 "] = f"server 127.0.0.1:{instance.port} "
        for before, after in changes.items():
            assert text.count(before) == 1, before
            text = text.replace(before, after)
        (self.folder / "nginx.conf").write_text(text)
        self.command = ["nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf"), "-g",
                        f"daemon off; pid {self.folder}/pid; error_log {self.folder}/error.log;"]
        self.process = None

    def check(self):
        return subprocess.run([*self.command, "-t"], capture_output=True, text=True)

    def start(self):
        self.process = subprocess.Popen(self.command, stderr=subprocess.DEVNULL)
        wait_until(self.listens)

    def listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
            return True
        except OSError:
            return False

    def connect(self, source=None):
        """source: the client's address."""
        context = ssl.create_default_context(cafile=self.certificate)
        return http.client.HTTPSConnection("localhost", self.port, timeout=60, context=context,
                                           source_address=source and (source, 0))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
