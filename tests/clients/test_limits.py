"""Limits of what a document becomes, held against what Python counts: nothing is cut that could have been refused."""

import collections
import io
import json
import pathlib
import pickle
import re
import tempfile
import types
import unittest
import zipfile

import h5py
import numpy
import pandas

from mandoline import Server

NODES, OUTPUT = 1000, 20000


def count(value):
    """Values in the text, keys and shared parts counted each time."""
    if isinstance(value, dict):
        return 1 + sum(count(key) + count(part) for key, part in value.items())
    if isinstance(value, (list, tuple)):
        return 1 + sum(map(count, value))
    return 1


def doubled(leaf, times, make=lambda part: [part, part]):
    for _ in range(times):
        leaf = make(leaf)
    return leaf


MAKERS = {
    "lists": lambda part: [part, part],
    "tuples": lambda part: (part, part),
    "dicts": lambda part: {"a": part, "b": part},
    "sets in lists": lambda part: [part, part, {1}],
    "object arrays": lambda part: numpy.array([part, part, None], object)[:2],
    "namespaces": lambda part: types.SimpleNamespace(a=part, b=part),
    "ordered dicts": lambda part: collections.OrderedDict(a=part, b=part),
    "default dicts": lambda part: collections.defaultdict(list, a=part, b=part),
    "deques": lambda part: collections.deque([part, part]),
    "exceptions": lambda part: ValueError(part, part),
    "tables": lambda part: pandas.DataFrame({"a": [part, part]}),
}


class Limits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.small = Server(None, f"--limit-nodes={NODES}", f"--limit-output={OUTPUT}")

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.small.stop()

    def convert(self, server, value, protocol=4, **query):
        return server.request("POST", "/v1/convert", pickle.dumps(value, protocol), to=query.pop("to", "json"), from_="pickle", **query)

    def test_shared_parts_of_every_kind_are_refused_at_once(self):
        for name, make in MAKERS.items():
            for protocol in (0, 2, 5):
                with self.subTest(kind=name, protocol=protocol):
                    answer = self.convert(self.server, doubled([1], 60, make), protocol)
                    self.assertEqual((answer.status, json.loads(answer.body).get("limit")), (413, "nodes"), answer)

    def test_the_last_document_that_fits_is_written_whole(self):
        # Strings are shared by the memo too, so that each of these is weighed.
        for shared, times in (([1, 2], 300), ([1, [2, [3]]], 100), ({"a": "b"}, 200), ((0,) * 40, 23), (("x" * 300, 1), 33)):
            for rest in range(40):
                with self.subTest(shared=shared, rest=rest):
                    value = [[shared] * times, [7] * rest]
                    for many in (1, 2):
                        whole = value * many
                        text = json.dumps(whole, separators=(",", ":"))
                        answer = self.convert(self.small, whole)
                        if count(whole) > NODES:
                            self.assertEqual((answer.status, json.loads(answer.body)["limit"]), (413, "nodes"))
                        elif len(text) > OUTPUT:
                            self.assertEqual((answer.status, json.loads(answer.body)["limit"]), (413, "output"))
                        else:
                            self.assertEqual(answer.body.decode(), text)

    def test_long_texts_are_weighed_in_bytes(self):
        text, data = "long " * 200000, numpy.arange(1000000)
        for name, value in {"text": [text] * 100000, "bytes": [text.encode()] * 100000,
                            "arrays": [data] * 100000, "ranges": [range(1 << 32)] * 100, "object array": numpy.array([text] * 100000, object),
                            "series": pandas.Series([text] * 100000), "dict": {"a": {str(i): text for i in range(100000)}}}.items():
            with self.subTest(kind=name):
                answer = self.convert(self.server, value)
                self.assertEqual((answer.status, json.loads(answer.body)["limit"]), (413, "output"), answer)
                for to in ("pickle", "typed"):
                    self.assertEqual(self.convert(self.server, value, to=to).status, 200)
        answer = self.convert(self.server, numpy.array([text] * 100000, object), slice="1000:")
        self.assertEqual((answer.status, json.loads(answer.body)["limit"]), (413, "output"))
        answer = self.convert(self.server, numpy.array([text] * 100000, object), slice="1000:1003")
        self.assertEqual(json.loads(answer.body), [text] * 3)

    def test_a_part_that_fits_is_written(self):
        value = {"small": [1, 2], "vast": doubled([1], 60)}
        self.assertEqual(self.convert(self.server, value).status, 413)
        self.assertEqual(self.convert(self.server, value, path="/small").body, b"[1,2]")
        self.assertEqual(self.convert(self.server, value, path="/vast/0/1/0").status, 413)
        self.assertEqual(self.convert(self.server, value, to="typed").status, 200)

    def test_hard_links_are_weighed(self):
        with tempfile.NamedTemporaryFile(suffix=".h5") as file:
            with h5py.File(file.name, "w") as h5:
                inner = h5.create_group("g0")
                for i in range(1, 60):
                    outer = h5.create_group(f"g{i}")
                    outer["a"] = outer["b"] = inner
                    inner = outer
            body = pathlib.Path(file.name).read_bytes()
        answer = self.server.request("POST", "/v1/convert", body, to="json")
        self.assertEqual((answer.status, json.loads(answer.body)["limit"]), (413, "nodes"))
        self.assertEqual(json.loads(self.server.convert(body, "json", path="/g2")), {"a": {"a": {}, "b": {}}, "b": {"a": {}, "b": {}}})

    def test_members_of_an_archive_have_one_limit(self):
        server = Server(None, "--limit-memory=64M", "--limit-inflated=1G")
        status = pathlib.Path(f"/proc/{server.process.pid}/status")
        peak = lambda: int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1])
        keeps_freed = "libasan" in pathlib.Path(f"/proc/{server.process.pid}/maps").read_text()
        try:
            for size, count in ((1000000, 800), (100, 99000), (3000000, 300)):
                with self.subTest(size=size, count=count):
                    out = io.BytesIO()
                    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                        for i in range(count):
                            archive.writestr(f"a/{i}", bytes(size))
                    before = peak()
                    answer = server.request("POST", "/v1/scan", out.getvalue())
                    self.assertIn(answer.status, (200, 413))
                    if size == 1000000:
                        self.assertEqual(json.loads(answer.body)["limit"], "memory", answer)
                    if size != 3000000 and not keeps_freed:  # those are mapped files
                        self.assertLess(peak() - before, 64000 + 3 * len(out.getvalue()) // 1000 + 20000)
        finally:
            server.stop()

    def test_several_pickles_are_weighed_together(self):
        body = pickle.dumps([[1] * 9] * 60) * 3
        self.assertEqual(self.small.request("POST", "/v1/convert", body, from_="pickle", to="json", index=1).status, 200)
        answer = self.small.request("POST", "/v1/convert", body, from_="pickle", to="json", index="all")
        self.assertEqual((answer.status, json.loads(answer.body)["limit"]), (413, "nodes"))


if __name__ == "__main__":
    unittest.main()
