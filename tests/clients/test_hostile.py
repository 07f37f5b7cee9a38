"""HDF5 files that crash, stop or lead away the library: each costs its own request, and nothing else notices.

    python3 -m unittest test_hostile          a few seconds of mutations
    MUTATIONS=50000 python3 test_hostile.py   as many as that, with a count of what happened
"""

import collections
import http.client
import io
import os
import pathlib
import random
import signal
import struct
import sys
import threading
import time
import unittest

import h5py
import numpy

from mandoline import CORPUS, PROGRAM, PROJECT, Server, has_ended, kill, wait_until, workers

MUTATIONS = int(os.environ.get("MUTATIONS", "400"))


def build(fill, **options):
    file = io.BytesIO()
    with h5py.File(file, "w", **options) as f:
        fill(f)
    return file.getvalue()


def crashing():
    """A text whose place in the global heap is far behind its end: libhdf5 1.10 follows it (H5HG_read)."""
    file = io.BytesIO()
    with h5py.File(file, "w") as f:
        d = f.create_dataset("texts", data=["one", "two"], dtype=h5py.string_dtype())
        at = d.id.get_offset()
    document = bytearray(file.getvalue())
    length, address, _ = struct.unpack_from("<IQI", document, at)  # HDF5 File Format Specification, IV.A.2.d
    struct.pack_into("<IQI", document, at, length, address, 0x70000000)
    return bytes(document)


def leading_away(name):
    """Three ways to another file."""
    def fill(f):
        f.create_dataset("stored", (64,), "u1", external=[(name, 0, 64)])
        f["linked"] = h5py.ExternalLink(name, "/")
        layout = h5py.VirtualLayout((64,), "u1")
        layout[:] = h5py.VirtualSource(name, "x", (64,))
        f.create_virtual_dataset("virtual", layout)
    return build(fill, libver="latest")


class Case(unittest.TestCase):
    flags = ()

    def setUp(self):
        self.server = Server(None, *self.flags)
        self.numbers = numpy.arange(1000, dtype="<f8")
        self.put("good.h5", build(lambda f: f.create_dataset("x", data=self.numbers, chunks=(100,),
                                                             compression="gzip")))

    def tearDown(self):
        self.server.stop()

    def put(self, name, content):
        (self.server.data / name).write_bytes(content)

    def read(self, name, path, **query):
        return self.server.get("/v1/data/" + name, path=path, **query)

    def check_good(self):
        answer = self.read("good.h5", "/x", format="bin")
        self.assertEqual((200, self.numbers.tobytes()), (answer.status, answer.body), answer)

    def check_died(self, answer):
        self.assertEqual(503, answer.status, answer)
        self.assertIn(b"/problems/worker-died", answer.body)
        self.assertNotIn(b"SIGKILL", answer.body) # that would be us
        self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)


class Crashes(Case):
    def test_a_crash_costs_one_request(self):
        self.put("bad.h5", crashing())
        self.check_good()
        answer = self.read("bad.h5", "/texts")
        self.check_died(answer)
        if "/asan/" not in PROGRAM: # there it is a report, and an exit
            self.assertIn(b"SIGSEGV", answer.body)
        self.check_good()
        self.check_died(self.read("bad.h5", "/texts"))
        answer = self.read("bad.h5", "/texts")
        self.check_died(answer)
        self.assertIn(b"refused", answer.body)
        self.assertGreater(int(answer.headers["Retry-After"]), 50)
        self.check_good()
        (self.server.data / "bad.h5").write_bytes((self.server.data / "good.h5").read_bytes())
        self.assertEqual(200, self.read("bad.h5", "/x").status)

    def test_an_upload_is_known_by_its_content(self):
        for refused in (False, False, True, True):
            answer = self.server.request("POST", "/v1/convert", crashing(), to="json")
            self.check_died(answer)
            self.assertEqual(refused, b"refused" in answer.body, answer)
        self.check_good()
        copy = self.server.request("POST", "/v1/convert", (self.server.data / "good.h5").read_bytes(), to="json")
        self.assertEqual(200, copy.status)

    def test_an_idle_worker_that_is_killed_is_replaced(self):
        self.check_good()
        before = workers(self.server.process.pid)
        self.assertTrue(before)
        kill(before)
        self.check_good()
        self.assertFalse(set(before) & set(workers(self.server.process.pid)))
        answer = self.server.request("POST", "/v1/convert", b'{"a": [1, 2]}', to="hdf5")
        self.assertEqual(200, answer.status)
        kill(workers(self.server.process.pid))
        again = self.server.request("POST", "/v1/convert", b'{"a": [1, 2]}', to="hdf5")
        self.assertEqual((200, answer.body), (again.status, again.body))

    def test_workers_end_with_the_server(self):
        self.check_good()
        before = workers(self.server.process.pid)
        self.server.process.kill()
        self.server.process.wait()
        self.assertTrue(wait_until(lambda: all(map(has_ended, before))), "they live on")
        self.server.process.stderr.close()
        self.server.connection.close()
        self.server = Server()


class Hangs(Case):
    flags = ("--limit-worker-time", "1", "--hdf5-path", "library") # what we know of the file ourselves needs no worker

    def check_good(self):
        """Sooner or later: on a machine that has much to do a worker at work may take longer than that, too."""
        self.assertTrue(wait_until(lambda: self.read("good.h5", "/x", format="bin").status == 200))
        super().check_good()

    def test_a_worker_that_does_not_answer_is_replaced(self):
        self.check_good()
        for pid in workers(self.server.process.pid):
            os.kill(pid, signal.SIGSTOP)
        answer = self.read("good.h5", "/x", slice="3:5")
        self.assertEqual(422, answer.status, answer)
        self.assertIn(b'"limit":"worker-time","limit_value":1', answer.body)
        self.check_good()


class Walls(Case):
    def test_other_files_stay_out_of_reach(self):
        secret = pathlib.Path("/etc/passwd").read_bytes()[:16]
        document = leading_away("/etc/passwd")
        self.put("away.h5", document)
        for path in ("/stored", "/linked", "/virtual"):
            answer = self.read("away.h5", path, format="bin")
            self.assertEqual(422, answer.status, answer)
            self.assertNotIn(secret, answer.body)
        for to in ("json", "typed", "pickle"):
            answer = self.server.request("POST", "/v1/convert", document, to=to)
            self.assertNotIn(secret, answer.body)
        self.assertNotIn(secret, self.server.get("/v1/tree/away.h5").body)

    def test_a_worker_has_nothing(self):
        self.check_good()
        for pid in workers(self.server.process.pid):
            process = pathlib.Path(f"/proc/{pid}")
            self.assertEqual(b"TZ=UTC0\0", (process / "environ").read_bytes())
            opened = {os.readlink(fd) for fd in (process / "fd").iterdir()}
            other = [name for name in opened if name != "/dev/null" and not name.startswith("socket:")]
            self.assertEqual([str(self.server.data / "good.h5")], [n for n in other if not n.startswith("pipe:")])


class Rings(Case):
    def test_a_link_without_a_name_leads_nowhere_new(self):
        """The library takes it for the group that it is in, and says that it leads elsewhere."""
        document = build(lambda f: f.create_group("outer").create_group("vanishing").create_group("inner"))
        self.assertEqual(1, document.count(b"vanishing\0"))
        document = document.replace(b"vanishing\0", b"\0" * 10)
        for to, statuses in (("h5json", (200,)), ("hdf5", (200, 422)), ("typed", (200,))):
            answer = self.server.request("POST", "/v1/convert", document, {"Content-Type": "application/x-hdf5"}, to=to)
            self.assertIn(answer.status, statuses, answer)


# ---- mutations ----

def seeds():
    """What the samples hold, one of each thing that has a decoder of its own, and small real files where they are here."""
    def variety(f):
        f.create_dataset("texts", data=["a", "bc", "def"], dtype=h5py.string_dtype())
        f.create_dataset("runs", (3,), h5py.vlen_dtype("i4"))[:] = [[1], [2, 3], [4, 5, 6]]
        f.create_dataset("chunks", data=numpy.arange(400).reshape(20, 20), chunks=(7, 6), compression="gzip",
                         shuffle=True, fletcher32=True, maxshape=(None, 20))
        f.create_dataset("scaled", data=numpy.arange(100), chunks=(10,), scaleoffset=0)
        f.create_dataset("records", data=numpy.zeros(5, [("a", "i2"), ("b", "f4", (2,)), ("c", "S3")]))
        group = f.create_group("group", track_order=True)
        for i in range(12):
            group.attrs[f"attribute {i}"] = numpy.arange(i)
            group[f"soft {i}"] = h5py.SoftLink("/chunks")
        f["type"] = numpy.dtype([("x", "f8")])
        f["points"] = f["chunks"].ref

    for path in sorted((PROJECT / "samples").glob("*.h5")):
        yield path.read_bytes()
    for libver in ("earliest", "latest"):
        yield build(variety, libver=libver)
    for path in sorted((CORPUS / "hdf5-json/hdf5").glob("*.h5")):
        if path.stat().st_size < 1 << 20 and h5py.is_hdf5(path):
            yield path.read_bytes()


WHOLE = [("/v1/inspect", {})] + [("/v1/convert", {"to": to}) for to in ("json", "typed", "pickle", "h5json", "hdf5")]


def questions(seed):
    """The whole of it in every format, and each of its datasets alone."""
    paths = []
    with h5py.File(io.BytesIO(seed)) as f:
        f.visititems(lambda path, o: paths.append(path) if isinstance(o, h5py.Dataset) else None)
    return WHOLE + [("/v1/convert", {"to": to, "path": path}) for path in paths[:20] for to in ("pickle", "typed")]


def mutate(seed, chance):
    """A few bytes, mostly where metadata is; the signature stays."""
    document = bytearray(seed)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        at = chance.randrange(8, min(len(document), 16384) if chance.random() < 0.7 else len(document))
        kind = chance.randrange(3)
        if kind == 0:
            document[at] = chance.randrange(256)
        elif kind == 1:
            document[at] ^= 1 << chance.randrange(8)
        else:
            document[at:at + 4] = chance.choice((b"\xff" * 4, b"\0" * 4, b"\1\0\0\0", b"\0\0\0\x70"))
    if chance.random() < 0.025:
        del document[chance.randrange(len(document)):]
    return bytes(document)


class Mutations(Case):
    flags = ("--limit-output=4M", "--limit-elements=1M", "--limit-worker-time=10")

    def beside(self):
        """Until the mutations are over: an untouched file, always right."""
        watcher = Server.__new__(Server)
        watcher.host, watcher.port, watcher.connection = self.server.host, self.server.port, None
        while not self.over.is_set():
            answer = watcher.get("/v1/data/good.h5", path="/x", format="bin", slice="250:750")
            self.asked += 1
            if (answer.status, answer.body) != (200, self.numbers[250:750].tobytes()):
                self.wrong.append(answer)
            time.sleep(0.001)
        if watcher.connection:
            watcher.connection.close()

    def test_nothing_else_notices(self):
        chance, sources, seen = random.Random(20200101), [(seed, questions(seed)) for seed in seeds()], collections.Counter()
        self.over, self.asked, self.wrong = threading.Event(), 0, []
        thread = threading.Thread(target=self.beside)
        thread.start()
        try:
            for _ in range(MUTATIONS):
                seed, asked = chance.choice(sources)
                document, (target, query) = mutate(seed, chance), chance.choice(asked)
                try:
                    answer = self.server.request("POST", target, document, {"Content-Type": "application/x-hdf5"},
                                                 **query)
                    seen[answer.status] += 1
                    self.assertNotEqual(500, answer.status, answer)
                except (ConnectionError, http.client.HTTPException):
                    seen["cut"] += 1 # an answer that had begun: what a late crash or limit looks like
                    self.assertIsNone(self.server.process.poll(), "the server ended")
        finally:
            self.over.set()
            thread.join()
        self.assertIsNone(self.server.process.poll(), "the server ended")
        self.assertEqual([], self.wrong)
        self.assertGreater(self.asked, 0)
        self.check_good()
        print(f"{sum(seen.values())} mutations of {len(sources)} seeds: {dict(seen)}; {self.asked} requests beside them, all right",
              file=sys.stderr)


if __name__ == "__main__":
    unittest.main()
