"""What the tests of this folder share."""

import http.client
import pathlib
import re
import socket

from mandoline import wait_until

SANITIZED_ADDRESS_SPACE = 1 << 40


def status_of(pid, name):
    """A number of /proc/PID/status, bytes where it is kB."""
    found = re.search(rf"^{name}:\s+(\d+)( kB)?", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) << (10 if found[2] else 0)


def sanitized(pid):
    """Whether it runs under a sanitizer, whose shadow is memory, too."""
    return "san.so" in pathlib.Path(f"/proc/{pid}/maps").read_text() or status_of(pid, "VmSize") > SANITIZED_ADDRESS_SPACE


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def dial(server, buffer=0):
    s = socket.socket()
    if buffer:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    s.settimeout(30)
    s.connect((server.host, server.port))
    return s


def ask(server, method, path, body=None, headers={}, timeout=60):
    """On a connection of its own: (status, headers, body); status 0: the answer was cut."""
    c = http.client.HTTPConnection(server.host, server.port, timeout=timeout)
    try:
        c.request(method, path, body, headers)
        answer = c.getresponse()
        return answer.status, answer.headers, answer.read()
    except (http.client.HTTPException, ConnectionError):
        return 0, {}, b""
    finally:
        c.close()
