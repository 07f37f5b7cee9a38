"""A headless Chromium, spoken to by its DevTools protocol over a pair of pipes."""

import json
import os
import shutil
import subprocess
import tempfile
import time

SECONDS = 60
FLAGS = ["--headless=new", "--remote-debugging-pipe", "--disable-gpu", "--disable-background-networking", "--disable-sync",
         "--disable-component-update", "--disable-default-apps", "--no-first-run", "--disable-dev-shm-usage",
         "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--window-size=1280,1000"]


def program():
    return shutil.which("chromium")


class Page:
    """One page and all that it said, asked for and complained about."""

    def __init__(self, *flags):
        self.folder = tempfile.TemporaryDirectory(prefix="mandoline-chromium-", ignore_cleanup_errors=True)
        theirs_in, self.to = os.pipe()
        self.back, theirs_out = os.pipe()
        root = ["--no-sandbox"] if os.geteuid() == 0 else []

        def place():  # the protocol's descriptors are 3 and 4
            keep_in, keep_out = os.dup(theirs_in), os.dup(theirs_out)
            os.dup2(keep_in, 3)
            os.dup2(keep_out, 4)

        self.process = subprocess.Popen(
            [program(), *FLAGS, *flags, *root, "--user-data-dir=" + self.folder.name, "about:blank"], close_fds=False,
            preexec_fn=place, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)
        os.set_blocking(self.back, False)
        self.number, self.rest, self.session = 0, b"", None
        self.requests, self.complaints = [], []
        target = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.to)
        os.close(self.back)
        self.folder.cleanup()

    def messages(self):
        """What has come, at once or within a moment."""
        end = time.monotonic() + SECONDS
        while b"\0" not in self.rest:
            try:
                piece = os.read(self.back, 1 << 20)
                assert piece, "the browser is gone"
                self.rest += piece
            except BlockingIOError:
                assert time.monotonic() < end, "the browser says nothing"
                time.sleep(0.01)
        *whole, self.rest = self.rest.split(b"\0")
        return [json.loads(m) for m in whole]

    def note(self, message):
        method, p = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(p["request"]["url"])
        elif method == "Log.entryAdded":
            self.complaints.append(p["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(p["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and p["type"] in ("error", "warning", "assert"):
            self.complaints.append(json.dumps(p["args"]))

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        answer = None
        while answer is None:
            for m in self.messages():
                if m.get("id") == self.number:
                    answer = m
                else:
                    self.note(m)
        assert "result" in answer, answer
        return answer["result"]

    def evaluate(self, script):
        return self.call("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def wait_for(self, script):
        end = time.monotonic() + SECONDS
        while True:
            value = self.evaluate(script)
            if value:
                return value
            assert time.monotonic() < end, f"never true: {script}; {self.complaints}"
            time.sleep(0.05)
