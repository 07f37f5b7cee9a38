"""Big pickles and JSON are decoded while they arrive: what comes out is what comes out of all of them at once."""

import json
import pickle
import random
import re
import socket
import threading
import time
import unittest

import joblib
import numpy
import pandas

from mandoline import Server, wait_until

MEGABYTE = 1 << 20


def shared():
    """Much of it is said once and referred to."""
    rows = [{"name": f"row {i % 1000}", "pair": (i, -i / 3), "again": None} for i in range(60000)]
    rows[0]["again"] = rows
    return rows


def values():
    rng = random.Random(4)
    yield "floats", [rng.gauss(0, 1e9) for _ in range(400000)]
    yield "ints", [rng.randrange(-1 << 70, 1 << 70) >> rng.randrange(70) for _ in range(400000)]
    yield "strings", {f"key {i}": f"value {rng.random()}" for i in range(150000)}
    yield "shared", shared()
    yield "long texts", ["x" * rng.randrange(300000) for _ in range(40)]
    yield "bytes", [rng.randbytes(rng.randrange(400000)) for _ in range(30)]
    yield "arrays", [numpy.arange(n) for n in range(0, 3000, 2)]
    yield "one array", numpy.arange(500000.0)
    yield "sets", [frozenset(range(i, i + 20)) for i in range(80000)]
    yield "frame", pandas.DataFrame({"a": range(200000), "b": [f"text {i % 77}" for i in range(200000)]})


def pickles():
    for name, value in values():
        for protocol in (2, 4, 5):
            yield f"{name}, protocol {protocol}", pickle.dumps(value, protocol)
    for name, value in list(values())[:4]:
        yield f"{name}, protocol 0", pickle.dumps(value, 0)
    yield "several in a row", b"".join(pickle.dumps([i] * 300000, 4) for i in range(5))


class Arriving(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def aheads(self, result):
        text = self.server.get("/metrics").body.decode()
        return int(re.search(rf'mandoline_bodies_ahead_total{{result="{result}"}} (\d+)', text)[1])

    def connect(self, query, framing, to="convert"):
        s = socket.create_connection((self.server.host, self.server.port), 120)
        s.sendall(f"POST /v1/{to}?{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{framing}\r\n\r\n".encode())
        return s

    @staticmethod
    def answer(s):
        """Status and body."""
        head, _, rest = b"".join(iter(lambda: s.recv(MEGABYTE), b"")).partition(b"\r\n\r\n")
        body = [] if b"chunked" in head else [rest]
        at = 0
        while not body or at > 0:
            end = rest.index(b"\r\n", at)
            size = int(rest[at:end], 16)
            body.append(rest[end + 2:end + 2 + size])
            at = end + 4 + size if size > 0 else 0
        return int(head.split()[1]), b"".join(body)

    def slowly(self, body, query, **to):
        """The answer to what is sent in pieces, with time between them."""
        pieces = 8
        with self.connect(query, f"Content-Length: {len(body)}", **to) as s:
            for i in range(pieces):
                s.sendall(body[len(body) * i // pieces:len(body) * (i + 1) // pieces])
                time.sleep(0.01)
            return self.answer(s)

    def at_once(self, body, query, **to):
        """The answer to what comes without its length, which is not decoded before all is there."""
        with self.connect(query, "Transfer-Encoding: chunked", **to) as s:
            s.sendall(f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n")
            return self.answer(s)

    def check(self, name, body, query, **to):
        slow, fast = self.slowly(body, query, **to), self.at_once(body, query, **to)
        self.assertEqual(slow[0], fast[0], (name, slow[1][:300], fast[1][:300]))
        if slow[0] != 200:
            slow, fast = ({k: v for k, v in json.loads(a[1]).items() if k != "instance"} for a in (slow, fast))
        self.assertTrue(slow == fast, name)

    def test_what_comes_out_is_the_same(self):
        used = self.aheads("used")
        for name, body in pickles():
            if len(body) > 2 * MEGABYTE:
                self.check(name, body, "to=typed")
        self.assertGreater(self.aheads("used"), used + 10)

    def test_and_where_options_say_how_to_read(self):
        body = b"".join(pickle.dumps([i] * 1000000, 4) for i in range(3))
        for query in ("to=json&index=1", "to=json&index=-1", "to=json&index=all", "to=json&index=7",
                      "to=json&encoding=latin1", "to=json&path=/17", "to=pickle&protocol=5", "to=json&no=such"):
            self.check(query, body, query)

    def test_inspected(self):
        used = self.aheads("used")
        self.check("tree", pickle.dumps({"a": list(range(900000)), "b": shared()}, 4), "depth=2", to="inspect")
        self.assertEqual(used + 1, self.aheads("used"))

    def test_damage_is_told_as_if_all_had_been_there(self):
        rng = random.Random(7)
        good = pickle.dumps([(i, f"text {i}", i / 7) for i in range(100000)], 4)
        for _ in range(12):
            at = rng.randrange(MEGABYTE, len(good))
            self.check(f"cut at {at}", good[:at], "to=json&from=pickle")
            broken = bytearray(good)
            broken[at] = rng.choice(b"\xff.0R\x94h(")
            self.check(f"byte {at} is {broken[at]:#x}", bytes(broken), "to=json&from=pickle")
        before = self.aheads("dropped")
        self.check("early damage", good[:MEGABYTE // 2] + b"\xff" * 64 + good[MEGABYTE // 2:], "to=json&from=pickle")
        self.assertEqual(before + 1, self.aheads("dropped"))

    def test_json(self):
        rng = random.Random(5)
        rows = [{"id": i, "nam\u00e9": f"user \u20ac {i % 99}", "score": rng.random(), "on": i % 3 == 0, "of": [None, {}]}
                for i in range(60000)]
        used = self.aheads("used")
        for name, value in (("rows", rows), ("floats", [rng.gauss(0, 1) for _ in range(300000)]),
                            ("keys", {f"key {rng.random()}": i for i in range(100000)}),
                            ("deep", [[[[[[i]]]]] for i in range(200000)])):
            for text in (json.dumps(value), json.dumps(value, indent=3, ensure_ascii=False)):
                self.check(name, text.encode(), "to=pickle")
        self.assertGreater(self.aheads("used"), used + 6)
        typed = self.at_once(pickle.dumps([[(i, str(i).encode(), {i, -i}), i / 7] for i in range(40000)], 4), "to=typed")[1]
        self.check("typed JSON", typed, "to=pickle&from=typed")
        self.check("typed JSON, cut", typed[:-5], "to=pickle&from=typed")
        good = json.dumps(rows).encode()
        for name, text in (("a number", b"1" * 4 * MEGABYTE), ("a text", b'"' + b"x" * 4 * MEGABYTE + b'"'),
                           ("blanks", b" " * 3 * MEGABYTE + b"[1]"), ("blanks behind", b"[1]" + b" " * 3 * MEGABYTE),
                           ("blanks inside", b"[1,[" + b" " * 3 * MEGABYTE + b"]]"), ("a long text", b'["' + b"y" * 3 * MEGABYTE + b'",1]'), ("two", good + good),
                           ("a mark of bytes", b"\xef\xbb\xbf" + good), ("deeper than may be", b"[" * 3 * MEGABYTE),
                           ("equal keys", b"{" + b'"a":1,' * 400000 + b'"a":2}')):
            self.check(name, text, "to=pickle&from=json")
        for _ in range(12):
            at = rng.randrange(MEGABYTE // 2, len(good))
            self.check(f"cut at {at}", good[:at], "to=pickle&from=json")
            broken = bytearray(good)
            broken[at] = rng.choice(b'\xff"]},:0x\\')
            self.check(f"byte {at} is {broken[at]:#x}", bytes(broken), "to=pickle&from=json")

    def test_what_is_wrapped_or_something_else_waits(self):
        import gzip
        body = pickle.dumps(list(range(2000000)), 4)
        packed = gzip.compress(body, 0)
        self.check("gzip", packed, "to=json")
        self.check("csv", b"1,2,3\n" * 500000, "to=json&from=csv")
        self.check("said to be json", body, "to=pickle&from=json")

    def test_joblib(self):
        import io
        out = io.BytesIO()
        joblib.dump([numpy.arange(i) for i in range(2000)] + ["x" * 1000] * 1000, out)
        self.check("joblib", out.getvalue(), "to=typed")

    def test_who_goes_in_the_middle_leaves_nothing(self):
        body = pickle.dumps([{"a": i} for i in range(500000)], 4)

        def memory():
            return int(re.search(r"(?m)^mandoline_memory_bytes (\d+)", self.server.get("/metrics").body.decode())[1])

        before = memory()
        for part in (0.3, 0.6, 0.9):
            with self.connect("to=json", f"Content-Length: {len(body)}") as s:
                s.sendall(body[:int(len(body) * part)])
                time.sleep(0.05)
        self.assertTrue(wait_until(lambda: memory() <= before + MEGABYTE), memory())

    def test_many_at_once(self):
        body = pickle.dumps([{"a": i, "b": str(i)} for i in range(200000)], 4)
        expected = self.at_once(body, "to=json")
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(self.slowly(body, "to=json") == expected)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([True] * 8, answers)


if __name__ == "__main__":
    unittest.main()
