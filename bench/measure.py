#!/usr/bin/python3
"""What bench/run runs once everything is built. Peers: a bare libmicrohttpd, nginx, h5py, CPython's pickle and json."""

import argparse
import collections
import contextlib
import http.client
import itertools
import json
import os
import pathlib
import pickle
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import zlib

import h5py
import numpy as np

PROJECT = pathlib.Path(__file__).resolve().parent.parent
WORK = PROJECT / "build" / "bench"
DATA = WORK / "data"
PROGRAM = PROJECT / "build" / "release" / "mandoline"
CODEC_TIME = PROJECT / "build" / "release" / "bench" / "codec_time"
BARE = PROJECT / "build" / "release" / "bench" / "bare_mhd"
MEGABYTE = 1 << 20

NGINX = """
daemon off; worker_processes auto; pid {work}/nginx{port}.pid; error_log {work}/nginx.log;
events {{ worker_connections 1024; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
        {upstream}
        server {{ listen 127.0.0.1:{port}; root {work}/files; {location} }} }}
"""

GATEWAY = """location / { proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection "";
                         proxy_buffering off; proxy_request_buffering off; }"""


# Data, made once and kept in build/bench.

def made(name, make):
    """The file name in DATA; make(path) writes it unless it is there."""
    path = DATA / name
    if not path.exists():
        print(f"making {path.relative_to(PROJECT)}", file=sys.stderr)
        part = path.with_suffix(".part")
        make(part)
        part.rename(path)
    return path


def measurements(count):
    """Smooth, noisy and rounded, as what a sensor gives: it compresses to about half."""
    noise = np.random.RandomState(3).normal(0, 1, count)
    return np.round(20 + 5 * np.sin(np.arange(count) / 5e4) + noise, 1).astype("f4")


def make_contiguous(path):
    with h5py.File(path, "w") as f:
        f["x"] = measurements(16 * MEGABYTE)


def make_gzip(path):
    with h5py.File(path, "w") as f:
        f.create_dataset("x", data=measurements(25_000_000).reshape(25_000, 1000), chunks=(250, 1000),
                         compression="gzip", compression_opts=4, shuffle=True)


def make_large(path):
    """2 GB, contiguous."""
    with h5py.File(path, "w") as f:
        d = f.create_dataset("x", (2048, MEGABYTE // 4), "f4")
        block = measurements(16 * MEGABYTE // 4).reshape(16, -1)
        for row in range(0, 2048, 16):
            d[row:row + 16] = block


def make_large_gzip(path):
    """2 GB in chunks of a megabyte, each stored as the same bytes: h5py would compress for minutes."""
    chunk = measurements(MEGABYTE // 4)
    shuffled = chunk.view("u1").reshape(-1, 4).T.tobytes()
    stored = zlib.compress(shuffled, 4)
    with h5py.File(path, "w") as f:
        d = f.create_dataset("x", (2048, MEGABYTE // 4), "f4", chunks=(1, MEGABYTE // 4), compression="gzip",
                             shuffle=True)
        for row in range(2048):
            d.id.write_direct_chunk((row, 0), stored)


def make_tree(path):
    """10,000 objects: 100 groups of 99 small datasets with an attribute each."""
    with h5py.File(path, "w") as f:
        for i in range(100):
            group = f.create_group(f"group{i:03d}")
            for k in range(99):
                group.create_dataset(f"dataset{k:02d}", data=np.arange(3.0)).attrs["unit"] = "m"


def floats():
    rng = random.Random(5)
    return [rng.uniform(-1e6, 1e6) for _ in range(1_000_000)]


def ints():
    rng = random.Random(7)
    return [rng.randrange(-2**31, 2**31) for _ in range(1_000_000)]


def small_dicts():
    """About 40 MB of pickle."""
    rng = random.Random(8)
    return [{"id": i, "name": f"user{i}", "mail": f"u{i}@example.org", "score": rng.random(), "active": i % 3 == 0}
            for i in range(700_000)]


def strings():
    return {f"key{i:07d}": f"value {i}" for i in range(1_000_000)}


def dicts():
    """About 50 MB of JSON."""
    rng = random.Random(6)
    return [{"id": i, "name": f"user{i:06d}", "active": i % 3 == 0, "score": round(rng.random() * 100, 2),
             "tags": ["a", "bc"], "city": None, "address": {"zip": 10000 + i % 90000, "street": "Main St"}}
            for i in range(345_000)]


# Programs.

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def running(command, port):
    log = open(WORK / "peers.log", "ab")
    process = subprocess.Popen([str(c) for c in command], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                               stderr=log)
    try:
        for _ in range(200):
            if process.poll() is not None:
                sys.exit(f"bench: {command[0]} ended with {process.returncode}")
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait()
        log.close()


@contextlib.contextmanager
def mandoline(*flags, log="off"):
    port = free_port()
    command = [PROGRAM, "serve", "--listen", f"127.0.0.1:{port}", "--data", DATA, "--log", log, *flags]
    with running(command, port) as process:
        yield process, f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def bare(answer):
    port, path = free_port(), WORK / "answer"
    path.write_bytes(answer)
    with running([BARE, port, path], port):
        yield f"http://127.0.0.1:{port}/"


@contextlib.contextmanager
def fastapi():
    """One process a core, as its documentation advises."""
    port = free_port()
    command = ["/usr/bin/python3", "-m", "uvicorn", "--app-dir", PROJECT / "bench", "--port", port, "--workers",
               os.cpu_count(), "--no-access-log", "--log-level", "error", "fastapi_h5py:app"]
    with running(["env", f"BENCH_DATA={DATA}", *command], port):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def nginx(location="", upstream=""):
    port, config = free_port(), WORK / f"nginx{free_port()}.conf"
    config.write_text(NGINX.format(work=WORK, port=port, location=location, upstream=upstream))
    with running(["/usr/sbin/nginx", "-p", WORK, "-c", config], port):
        yield f"http://127.0.0.1:{port}"


def get(url):
    with urllib.request.urlopen(url) as answer:
        return answer.read()


@contextlib.contextmanager
def gateway(url):
    """nginx in front of a server."""
    with nginx(GATEWAY, f"upstream behind {{ server {url.split('/')[2]}; keepalive 32; }}") as front:
        yield front


def requests_a_second(url, connections=8, seconds=3, headers=()):
    """wrk shares the processors with what it measures: the same for both sides."""
    done = subprocess.run(["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", *(f"-H{h}" for h in headers), url],
                          capture_output=True, text=True)
    if done.returncode or "Non-2xx" in done.stdout:
        sys.exit(f"bench: wrk {url}\n{done.stdout}{done.stderr}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1))


def transfer(url, body=None, into="/dev/null"):
    """Seconds of one request and its whole answer."""
    command = ["curl", "-sS", "--fail", "-o", str(into), "-w", "%{time_total}", url]
    if body is not None:
        command += ["-H", "Expect:", "-H", "Content-Type: application/octet-stream", "--data-binary", f"@{body}"]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def timed(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


# Rows of the table. Each gives (what, peer, ours, theirs, unit, bigger is better, target); ours and theirs are lists.

def rounds(count, ours, theirs):
    """One unmeasured round of each, then in turns, so that what disturbs one disturbs the other."""
    ours(), theirs()
    pairs = [(ours(), theirs()) for _ in range(count)]
    return [p[0] for p in pairs], [p[1] for p in pairs]


def row_meta(count):
    with mandoline() as (_, url):
        url += "/v1/meta/weather.h5?path=/temperature"
        with bare(get(url)) as peer:
            ours, theirs = rounds(count, lambda: requests_a_second(url), lambda: requests_a_second(peer))
    yield "small GET of /v1/meta", "bare libmicrohttpd, a constant of the same size", ours, theirs, "req/s", True, 0.7


def row_gateway(count):
    path = "/v1/meta/weather.h5?path=/temperature"
    with mandoline() as (_, url), bare(get(url + path)) as peer, gateway(url) as ours, gateway(peer) as theirs:
        yield ("small GET of /v1/meta through nginx", "nginx before a bare libmicrohttpd",
               *rounds(count, lambda: requests_a_second(ours + path), lambda: requests_a_second(theirs + "/")),
               "req/s", True, 0.9)


def row_service(count):
    """Who asks is always checked and what happens always counted where it is set up; logs are lines of JSON in a file."""
    path, tokens = "/v1/meta/weather.h5?path=/temperature", WORK / "tokens"
    tokens.unlink(missing_ok=True)
    made = subprocess.run([PROGRAM, "token", "bench", "--tokens", tokens], check=True, capture_output=True, text=True)
    header = f"Authorization: Bearer {made.stdout.split()[-1]}"
    with mandoline("--tokens", tokens, log="all") as (_, full), mandoline() as (_, plain):
        yield ("small GET of /v1/meta with a token and log lines", "the same server with neither",
               *rounds(count, lambda: requests_a_second(full + path, headers=[header]),
                       lambda: requests_a_second(plain + path)), "req/s", True, 0.9)


def row_slice(count):
    made("contiguous.h5", make_contiguous)
    with mandoline() as (_, url), nginx() as peer:
        url += f"/v1/data/contiguous.h5?path=/x&slice={MEGABYTE}:{MEGABYTE + MEGABYTE // 4}&format=bin"
        (WORK / "files").mkdir(exist_ok=True)
        with h5py.File(DATA / "contiguous.h5") as f:
            (WORK / "files" / "megabyte").write_bytes(f["x"][MEGABYTE:MEGABYTE + MEGABYTE // 4].tobytes())
        peer += "/megabyte"
        assert get(url) == get(peer), "the slice is not what h5py reads"
        ours, theirs = rounds(count, lambda: requests_a_second(url), lambda: requests_a_second(peer))
    yield "1 MB contiguous slice as bin", "nginx, a file of the same bytes", ours, theirs, "MB/s", True, 1.0


def row_warm(count):
    made("contiguous.h5", make_contiguous)
    with mandoline() as (_, url), fastapi() as python:
        url += "/v1/data/contiguous.h5?path=/x&slice=5000:5100&format=bin"
        python += "/data/contiguous.h5?path=/x&start=5000&stop=5100"
        assert get(url) == get(python), "the slice is not what h5py reads"
        with bare(get(url)) as peer:
            ours, theirs = rounds(count, lambda: requests_a_second(url), lambda: requests_a_second(peer))
        yield ("100 elements of a warm file as bin", "bare libmicrohttpd, a constant of the same size", ours, theirs,
               "req/s", True, 0.5)
        ours, theirs = rounds(count, lambda: requests_a_second(url), lambda: requests_a_second(python))
    yield "100 elements of a warm file as bin", "FastAPI and h5py", ours, theirs, "req/s", True, 20


def row_contiguous(count):
    made("contiguous.h5", make_contiguous)
    with mandoline() as (_, url), h5py.File(DATA / "contiguous.h5") as f:
        url += "/v1/data/contiguous.h5?path=/x&format=bin"
        d = f["x"]
        size = d.nbytes / 1e6
        ours, theirs = rounds(count, lambda: size / transfer(url), lambda: size / timed(lambda: d[:]))
    yield f"{size:.0f} MB contiguous dataset as bin", "h5py `d[:]`", ours, theirs, "MB/s", True, 1.0


def tree_of(path):
    """What people write to list a file: visititems, then json.dumps."""
    found = []

    def visit(name, node):
        entry = {"name": name, "attributes": {k: str(v) for k, v in node.attrs.items()}}
        if isinstance(node, h5py.Dataset):
            entry |= {"shape": node.shape, "dtype": str(node.dtype), "chunks": node.chunks}
        found.append(entry)

    with h5py.File(path) as f:
        f.visititems(visit)
    return json.dumps(found)


def row_tree(count):
    path = made("tree.h5", make_tree)
    with mandoline() as (_, url):
        url += "/v1/tree/tree.h5"
        assert get(url).count(b"dataset98") >= 100, "the tree is not whole"
        ours, theirs = rounds(count, lambda: 1 / transfer(url), lambda: 1 / timed(lambda: tree_of(path)))
    yield "tree of a file of 10,000 objects", "h5py `visititems` and `json.dumps`", ours, theirs, "trees/s", True, 10


def resident(process):
    """Megabytes of a process and its workers; pages that they share count once, as for a container."""
    family = [process.pid]
    for pid in family:  # its supervisor, and the supervisor's workers
        family += pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    texts = [pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in family]
    return sum(int(re.search(r"^Pss:\s+(\d+) kB", t, re.MULTILINE).group(1)) for t in texts) / 1024


def row_start(count):
    def start():
        began = time.perf_counter()
        port = free_port()
        process = subprocess.Popen([PROGRAM, "serve", "--listen", f"127.0.0.1:{port}", "--data", DATA, "--log", "off"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while True:
            with contextlib.suppress(OSError):
                get(f"http://127.0.0.1:{port}/readyz")
                break
        took = time.perf_counter() - began
        process.terminate()
        process.wait()
        return took * 1000

    start()
    yield "cold start to the first answer", "the bound", [start() for _ in range(count)], [50.0] * count, "ms", False, 1.0
    with mandoline() as (process, url):
        get(url + "/v1/tree/weather.h5")
        idle = resident(process)
    yield "resident memory, idle", "the bound", [idle], [25.0], "MB", False, 1.0


def row_crowd(_):
    """The most of it that is seen while eight clients read two gigabytes each."""
    made("large-gzip.h5", make_large_gzip)
    with mandoline() as (process, url):
        url += "/v1/data/large-gzip.h5?path=/x&format=bin"
        clients = [subprocess.Popen(["curl", "-sS", "--fail", "-o", "/dev/null", url]) for _ in range(8)]
        most = 0.0
        while any(c.poll() is None for c in clients):
            most = max(most, resident(process))
            time.sleep(0.05)
        assert not any(c.returncode for c in clients), "a client failed"
    yield "resident memory, 8 clients read 2 GB each", "the bound", [most], [120.0], "MB", False, 1.0


def probe_99th(url, seconds, load):
    """Milliseconds within which 99 of 100 probes are answered while `load` clients decode."""
    clients = [subprocess.Popen(["sh", "-c", f"while :; do curl -s -o /dev/null '{load}'; done"]) for _ in
               range(2 * os.cpu_count())]
    took, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        took.append(timed(lambda: get(url)) * 1000)
        time.sleep(0.002)
    for c in clients:
        c.kill()
        c.wait()
    return sorted(took)[len(took) * 99 // 100]


def row_probe(count):
    made("gzip.h5", make_gzip)
    with mandoline() as (_, url):
        load = url + "/v1/data/gzip.h5?path=/x&format=bin"
        late = [probe_99th(url + "/healthz", 3, load) for _ in range(count)]
    yield "/healthz while every core decodes, 99th percentile", "the bound", late, [10.0] * count, "ms", False, 1.0


class Overload:
    """Clients that ask again as soon as they have an answer, four times as many as the server has places and a queue
    for; and one that asks /healthz."""

    TOTAL = 512 * MEGABYTE

    def __init__(self, seconds):
        self.seconds, self.statuses, self.bad = seconds, collections.Counter(), []

    def client(self, port, body, end):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while time.monotonic() < end:
            try:
                connection.request("POST", "/v1/convert?from=pickle&to=json", body)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException) as e:
                self.bad.append(repr(e))
                connection.close()
                continue
            self.statuses[answer.status] += 1
            if answer.status not in (200, 429, 503) or (answer.status != 200 and not answer.headers["Retry-After"]):
                self.bad.append(f"{answer.status} {dict(answer.headers)}")
        connection.close()

    def run(self):
        """A process of its own asks the probes: Python's threads wait for each other."""
        port = free_port()
        command = [PROGRAM, "serve", "--listen", f"127.0.0.1:{port}", "--data", DATA, "--log", "off", "--limit-heavy=2",
                   "--limit-queue=8", f"--limit-total-memory={self.TOTAL}"]
        body = pickle.dumps([{"id": i, "name": f"user{i}", "score": i / 7} for i in range(20_000)])
        with running(command, port) as process:
            url = f"http://127.0.0.1:{port}"
            prober = subprocess.Popen([sys.executable, "-c", PROBER, url + "/healthz", str(self.seconds)],
                                      stdout=subprocess.PIPE, text=True)
            end = time.monotonic() + self.seconds
            threads = [threading.Thread(target=self.client, args=(port, body, end)) for _ in range(40)]
            most = 0
            for t in threads:
                t.start()
            while time.monotonic() < end:
                most = max(most, int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{process.pid}/status").read_text())[1]))
                time.sleep(0.2)
            for t in threads:
                t.join()
            over = time.monotonic()
            self.late = sorted(json.loads(prober.communicate()[0]))
            self.memory = most / 1024
            while True:  # until one is served at once
                request = urllib.request.Request(url + "/v1/convert?from=pickle&to=json", b"N.")
                with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(request):
                    break
            self.recovered = (time.monotonic() - over) * 1000
        return self


PROBER = """
import json, sys, time, urllib.request
url, end, took = sys.argv[1], time.monotonic() + float(sys.argv[2]), []
while time.monotonic() < end:
    began = time.perf_counter()
    urllib.request.urlopen(url).read()
    took.append((time.perf_counter() - began) * 1000)
    time.sleep(0.01)
print(json.dumps(took))
"""


def row_overload(_):
    """BENCH_OVERLOAD_SECONDS=60 for the figure of a release."""
    o = Overload(float(os.environ.get("BENCH_OVERLOAD_SECONDS", "15"))).run()
    print(f"overload: {dict(o.statuses)}", file=sys.stderr)
    assert not o.bad, f"{len(o.bad)} requests had no proper answer: {o.bad[:3]}"
    yield ("overload by 4: /healthz, 99th percentile", "the bound", [o.late[len(o.late) * 99 // 100]], [20.0], "ms", False,
           1.0)
    yield "overload by 4: memory", "its budget", [o.memory], [o.TOTAL / MEGABYTE], "MB", False, 1.0
    yield "overload by 4: served again after", "the bound", [max(o.recovered, 0.1)], [1000.0], "ms", False, 1.0


def row_gzip(count):
    path = made("gzip.h5", make_gzip)
    with mandoline() as (_, url), h5py.File(path) as f:
        url += "/v1/data/gzip.h5?path=/x&format=bin"
        d = f["x"]
        transfer(url, into=WORK / "gzip.bin")
        assert np.array_equal(np.fromfile(WORK / "gzip.bin", "f4"), d[:].ravel()), "not what h5py reads"
        ours, theirs = rounds(count, lambda: 100 / transfer(url), lambda: 100 / timed(lambda: d[:]))
    yield "100 MB gzip+shuffle dataset as bin", "h5py `d[:]`", ours, theirs, "MB/s", True, 3.0


def make_chunked(path):
    """100 MB, in chunks that are neither rows nor columns."""
    data = measurements(25_000_000).reshape(5000, 5000)
    with h5py.File(path, "w") as f:
        f.create_dataset("plain", data=data, chunks=(500, 250))
        f.create_dataset("gzip", data=data, chunks=(500, 250), compression="gzip", compression_opts=4, shuffle=True)


def row_chunked(count):
    """Parts of a chunked 2-D dataset. Each round reads another part: what was unpacked for the one before is no help."""
    path = made("chunked.h5", make_chunked)
    reads = (("strided", lambda i: (slice(i % 10, None, 10), slice(None, None, 10)), 1),
             ("column", lambda i: (slice(None), i * 257 % 5000), 20))
    with mandoline() as (_, url), h5py.File(path) as f:
        for name in ("plain", "gzip"):
            for what, index, times in reads:
                turn = itertools.count()

                def text(part):
                    return ",".join(str(p) if isinstance(p, int) else f"{p.start or ''}::{p.step or ''}" for p in part)

                def ask(part):
                    return get(f"{url}/v1/data/chunked.h5?path=/{name}&slice={text(part)}&format=bin")

                def rate(read):
                    parts = [index(next(turn)) for _ in range(times)]
                    return times / timed(lambda: [read(part) for part in parts])

                assert ask(index(3)) == f[name][index(3)].tobytes(), "not what h5py reads"
                ours, theirs = rounds(count, lambda: rate(ask), lambda: rate(lambda part: f[name][part]))
                yield (f"{what} of a chunked 2-D dataset, {name}", "h5py `d[...]`", ours, theirs, "reads/s", True, 1.0)


def json_to_pickle(count, name, text, convert, target):
    size = len(text) / 1e6
    ours, theirs = rounds(count, lambda: size / convert("json", "pickle"),
                          lambda: size / timed(lambda: pickle.dumps(json.loads(text))))
    return f"JSON to pickle, {name}", "`pickle.dumps(json.loads(s))`", ours, theirs, "MB/s in", True, target


def decode_alone(count, name, pickled, target):
    """In this process there is no way to call us, so a program of our own times the codec in its process."""
    size = len(pickled) / 1e6

    def ours():
        done = subprocess.run([CODEC_TIME, "5", WORK / f"{name}.pickle", "pickle"], check=True,
                              capture_output=True, text=True)
        return size / float(done.stdout.split()[0])

    ours, theirs = rounds(count, ours, lambda: size / timed(lambda: pickle.loads(pickled)))
    return f"decode a pickle alone, {name}", "`pickle.loads(b)`", ours, theirs, "MB/s", True, target


def conversions(count, name, value, to_json, to_pickle):
    pickled, text = pickle.dumps(value, protocol=4), json.dumps(value)
    (WORK / f"{name}.pickle").write_bytes(pickled)
    (WORK / f"{name}.json").write_text(text)
    del value
    with mandoline() as (_, url):
        def convert(source, target, into="/dev/null"):
            return transfer(f"{url}/v1/convert?from={source}&to={target}", WORK / f"{name}.{source}", into)

        for source, target, read in (("pickle", "json", json.loads), ("json", "pickle", pickle.loads)):
            convert(source, target, WORK / "converted")
            assert read((WORK / "converted").read_bytes()) == pickle.loads(pickled), f"{source} to {target} differs"

        size = len(pickled) / 1e6
        ours, theirs = rounds(count, lambda: size / convert("pickle", "json"),
                              lambda: size / timed(lambda: json.dumps(pickle.loads(pickled))))
        yield f"pickle to JSON, {name}", "`json.dumps(pickle.loads(b))`", ours, theirs, "MB/s in", True, to_json

        yield json_to_pickle(count, name, text, convert, to_pickle)
    yield decode_alone(count, name, pickled, 3)


def row_floats(count):
    yield from conversions(count, "a million floats", floats(), 15, 3)


def row_ints(count):
    yield from conversions(count, "a million ints", ints(), 8, None)


def row_dicts(count):
    yield from conversions(count, "50 MB of small dicts", dicts(), 6, 3)


def row_small(count):
    yield from conversions(count, "700,000 small dicts", small_dicts(), 10, 6)


def row_strings(count):
    yield from conversions(count, "a dict of a million short strings", strings(), 8, None)


def row_array(count):
    """A float64 array of 100 MB: as JSON against CPython, as bytes against the same server's raw file."""
    array = np.random.RandomState(3).normal(0, 1, 12_500_000)
    pickled = pickle.dumps(array, protocol=4)
    (DATA / "array.pickle").write_bytes(pickled)
    with mandoline() as (_, url):
        def convert(target, into="/dev/null"):
            return transfer(f"{url}/v1/convert?from=pickle&to={target}", DATA / "array.pickle", into)

        convert("npy", WORK / "converted")
        assert np.array_equal(np.load(WORK / "converted"), array), "the array differs"
        ours, theirs = rounds(min(count, 3), lambda: 100 / convert("json"),
                              lambda: 100 / timed(lambda: json.dumps(pickle.loads(pickled).tolist())))
        yield ("pickle to JSON, 100 MB float64 array", "`json.dumps(pickle.loads(b).tolist())`", ours, theirs, "MB/s in",
               True, 18)
        for target in ("npy", "bin"):
            ours, theirs = rounds(count, lambda: 100 / transfer(f"{url}/v1/data/array.pickle?format={target}"),
                                  lambda: 100 / transfer(f"{url}/v1/files/array.pickle"))
            yield f"100 MB array of a stored pickle as {target}", "the raw file, same server", ours, theirs, "MB/s", True, 0.5


def row_scan(count):
    """Whole runs of the command, the reading of the file included; the peer is the bound that we set ourselves."""
    array = np.random.RandomState(3).normal(0, 1, 12_500_000)
    for name, value, bound in (("100 MB array", array, 1000), ("700,000 small dicts", small_dicts(), 100)):
        path = WORK / "scanned.pickle"
        path.write_bytes(pickle.dumps(value, protocol=4))
        size = path.stat().st_size / 1e6

        def scan():
            subprocess.run([PROGRAM, "scan", path], check=True, stdout=subprocess.DEVNULL)

        scan()
        speeds = [size / timed(scan) for _ in range(count)]
        yield f"scan, {name}", "the bound", speeds, [float(bound)] * count, "MB/s", True, 1.0


def row_memory(_):
    for name, make, what in (("large.h5", make_large, "contiguous"), ("large-gzip.h5", make_large_gzip, "gzip")):
        made(name, make)
        with mandoline() as (process, url):
            transfer(f"{url}/v1/data/{name}?path=/x&format=bin")
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        peak = int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) / 1024
        yield f"peak memory, 2 GB {what} as bin", "the bound", [peak], [100.0], "MB", False, 1.0


ROWS = {"meta": row_meta, "gateway": row_gateway, "service": row_service, "slice": row_slice, "warm": row_warm, "contiguous": row_contiguous, "gzip": row_gzip,
        "chunked": row_chunked, "tree": row_tree, "start": row_start, "crowd": row_crowd, "probe": row_probe, "overload": row_overload,
        "floats": row_floats, "ints": row_ints,
        "dicts": row_dicts, "small": row_small, "strings": row_strings, "array": row_array, "scan": row_scan,
        "memory": row_memory}


def figure(x):
    return f"{x:,.0f}" if x >= 100 else f"{x:.1f}"


def table_line(what, peer, ours, theirs, unit, bigger, target):
    ratio = statistics.median(o / t if bigger else t / o for o, t in zip(ours, theirs))
    aim = "" if target is None else f"{target:g}"
    missed = target is not None and ratio < target
    line = (f"| {what} | {peer} | {figure(statistics.median(ours))} {unit} | {figure(statistics.median(theirs))} {unit}"
            f" | **{ratio:.2f}** | {aim}{' missed' if missed else ''} |")
    return line, missed


def main():
    parser = argparse.ArgumentParser(prog="bench/run")
    parser.add_argument("--rounds", type=int, default=5, help="measured rounds of each row; the median counts")
    parser.add_argument("rows", nargs="*", help=" ".join(ROWS) + " (default: all)")
    args = parser.parse_args()
    unknown = [r for r in args.rows if r not in ROWS]
    if unknown:
        parser.error(f"no such row: {unknown[0]}")

    DATA.mkdir(parents=True, exist_ok=True)
    (WORK / "peers.log").unlink(missing_ok=True)
    shutil.copy(PROJECT / "samples" / "weather.h5", DATA)
    print("| what | peer | mandoline | peer | ratio | target |\n|---|---|---:|---:|---:|---|", flush=True)
    missed = 0
    for name in args.rows or ROWS:
        for row in ROWS[name](args.rounds):
            line, miss = table_line(*row)
            missed += miss
            print(line, flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
