"""The server as a test fixture, and a small client of it, with nothing but Python's standard library."""

import http.client
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse

PROJECT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("MANDOLINE", str(PROJECT / "build/dev/mandoline"))
CORPUS = PROJECT.parent / "shared/corpus"


# A machine that has much to do is no fault of the server's; tests of such limits set their own.
PATIENCE = [f"--limit-{name}-time=600" for name in ("header", "body", "answer", "request", "idle")]


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def __repr__(self):
        return f"<{self.status} {self.headers.get('Content-Type')} {self.body[:300]!r}>"


class Server:
    """mandoline serve on a free port, over a data folder (a temporary one unless it is given); process: for Popen."""

    def __init__(self, data=None, *flags, **process):
        self.own = None if data else tempfile.mkdtemp(prefix="mandoline-data-")
        self.data = pathlib.Path(data or self.own)
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--listen", "127.0.0.1:0", "--data", str(self.data), "--log", "off", *PATIENCE, *flags],
            stderr=subprocess.PIPE, text=True, **process)
        line = self.process.stderr.readline()
        found = re.search(r"http://([^:/]+):(\d+)", line)
        if not found:
            raise RuntimeError(f"the server did not start: {line}{self.process.stderr.read()}")
        self.host, self.port = found[1], int(found[2])
        self.connection = None

    def request(self, method, path, body=None, headers=None, /, **query):
        """Sends one request on a connection that is kept; an underscore after a parameter's name is dropped."""
        if query:
            path += "?" + urllib.parse.urlencode({name.rstrip("_"): value for name, value in query.items()})
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.host, self.port, timeout=120)
        try:
            self.connection.request(method, path, body, headers or {})
            answer = self.connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        except Exception:
            self.connection.close()
            self.connection = None
            raise

    def get(self, path, headers=None, /, **query):
        return self.request("GET", path, None, headers, **query)

    def convert(self, body, to, from_=None, **query):
        """The converted bytes; a problem document is a failure that says what it says."""
        if from_:
            query["from"] = from_
        answer = self.request("POST", "/v1/convert", body, {"Content-Type": "application/octet-stream"}, to=to,
                              **query)
        assert answer.status == 200, answer
        return answer.body

    def stop(self):
        if self.connection:
            self.connection.close()
        self.process.send_signal(signal.SIGTERM)
        log = self.process.stderr.read()
        status = self.process.wait(60)
        self.process.stderr.close()
        if self.own:
            shutil.rmtree(self.own)
        assert status == 0, f"the server ended with {status}: {log[-2000:]}"


def children(pid):
    """Of a process: number and name of each."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                found.append((int(entry.name), (entry / "cmdline").read_bytes().split(b"\0")[0].decode()))
        except (OSError, ValueError):
            pass  # it has ended meanwhile
    return sorted(found)


def supervisor(pid):
    """Of a server: the process that starts its workers."""
    found, = [child for child, name in children(pid) if name == "mandoline-supervisor"]
    return found


def workers(pid):
    """Of a server."""
    return [child for child, name in children(supervisor(pid)) if name == "mandoline-hdf5-worker"]


def has_ended(pid):
    """Also when nobody has asked for its end yet."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def wait_until(true, seconds=120):
    """Long enough for a machine that has much to do; a test that succeeds is as fast as the machine is."""
    end = time.monotonic() + seconds
    while not (found := bool(true())) and time.monotonic() < end:
        time.sleep(0.02)
    return found


def kill(pids):
    """Until they have ended: when the system call returns, the signal is only on its way."""
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: all(map(has_ended, pids))), f"{pids} go on"


def quote(name):
    return urllib.parse.quote(str(name))
