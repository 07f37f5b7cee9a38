"""Documents as Python packs them: compressed, several in a row, and pickles of Python 2."""

import bz2
import gzip
import json
import lzma
import os
import pickle
import unittest
import zlib

import lz4.frame
import numpy
import zstandard

from mandoline import Server

PACKERS = {
    "gzip": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zlib": zlib.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "lz4": lz4.frame.compress, "zstd": zstandard.compress,
}
VALUE = {"a": [1, 2.5, None], "b": "text" * 1000}


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(None, "--limit-inflated=3M", "--limit-members=100")

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def convert(self, body, status=200, headers=None, **query):
        answer = self.server.request("POST", "/v1/convert", body, headers or {}, **query)
        self.assertEqual(status, answer.status, answer)
        return answer


class Packed(Case):
    def test_every_packing_with_the_format_and_without(self):
        plain = pickle.dumps(VALUE)
        for name, pack in PACKERS.items():
            for query in {}, {"from": "pickle"}:
                with self.subTest(name, **query):
                    answer = self.convert(pack(plain), to="json", **query)
                    self.assertEqual(VALUE, json.loads(answer.body))
                    self.assertEqual(name, answer.headers["X-Mandoline-Unpacked"])
        answer = self.convert(plain, to="json")
        self.assertIsNone(answer.headers["X-Mandoline-Unpacked"])

    def test_a_type_of_a_wrapper_says_nothing_about_what_is_in_it(self):
        answer = self.convert(gzip.compress(b'{"a": 1}'), headers={"Content-Type": "application/gzip"})
        self.assertEqual({"a": 1}, json.loads(answer.body))

    def test_four_layers_and_no_more(self):
        body, names = b"[1]", []
        for name in ("gzip", "zstd", "xz", "lz4"):
            body, names = PACKERS[name](body), [name, *names]
        self.assertEqual(", ".join(names), self.convert(body).headers["X-Mandoline-Unpacked"])
        self.convert(gzip.compress(body), 422)

    def test_stored_files_by_name_and_by_content(self):
        files = {"model.pkl.gz": gzip.compress(pickle.dumps(VALUE)), "model.pkl": zlib.compress(pickle.dumps(VALUE)),
                 "nothing-said": lzma.compress(pickle.dumps(VALUE)), "table.csv.bz2": bz2.compress(b"a,b\n1,2\n")}
        for name, body in files.items():
            (self.server.data / name).write_bytes(body)
            for endpoint in ("tree", "meta", "attrs", "data"):
                answer = self.server.get(f"/v1/{endpoint}/{name}")
                self.assertEqual(200, answer.status, answer)
                self.assertIsNotNone(answer.headers["X-Mandoline-Unpacked"])
        self.assertEqual([1, 2.5, None], json.loads(self.server.get("/v1/data/model.pkl.gz", path="/a").body))
        self.assertEqual([{"a": 1, "b": 2}], json.loads(self.server.get("/v1/data/table.csv.bz2").body))

    def test_an_hdf5_file_too(self):
        import h5py
        path = self.server.data / "plain.h5"
        with h5py.File(path, "w") as f:
            f["x"] = numpy.arange(10)
        (self.server.data / "packed.h5.gz").write_bytes(gzip.compress(path.read_bytes()))
        answer = self.server.get("/v1/data/packed.h5.gz", path="/x", slice="2:4")
        self.assertEqual([2, 3], json.loads(answer.body))

    def test_bombs_name_the_limit(self):
        for name, pack in PACKERS.items():
            with self.subTest(name):
                problem = json.loads(self.convert(pack(bytes(4 << 20)), 413, to="json").body)
                self.assertEqual("inflated", problem["limit"])
        problem = json.loads(self.convert(gzip.compress(gzip.compress(bytes(64 << 20))), 413).body)
        self.assertEqual("inflated", problem["limit"])

    def test_cut_and_broken_streams_say_where(self):
        plain = pickle.dumps(os.urandom(300))
        for name, pack in PACKERS.items():
            packed = pack(plain)
            for cut in range(len(packed) // 2, len(packed) - 1, 7):
                with self.subTest(name, cut=cut):
                    problem = json.loads(self.convert(packed[:cut], 400, from_="pickle").body)
                    self.assertLessEqual(problem["offset"], len(plain) + len(packed))

    def test_what_follows_a_stream_is_told(self):
        answer = self.convert(bz2.compress(b"[1]") + b"junk", to="json")
        self.assertEqual("4", answer.headers["X-Mandoline-Trailing-Bytes"])


class Several(Case):
    VALUES = [1, "two", [3.0], {"four": None}, (5,)]

    def body(self, protocol):
        return b"".join(pickle.dumps(v, protocol) for v in self.VALUES)

    def test_each_by_its_number(self):
        for protocol in range(6):
            body = self.body(protocol)
            for i in range(-5, 5):
                answer = self.convert(body, from_="pickle", to="pickle", index=i)
                self.assertEqual(self.VALUES[i], pickle.loads(answer.body))
                if i >= 0:
                    self.assertEqual("5", answer.headers["X-Mandoline-Pickles"])
            answer = self.convert(body, from_="pickle", to="pickle", index="all")
            self.assertEqual(self.VALUES, pickle.loads(answer.body))
            self.assertEqual(1, json.loads(self.convert(body, from_="pickle").body))
            for i in (5, -6, "one", "1.5", 2**63):
                self.convert(body, 400, from_="pickle", index=i)

    def test_the_memo_restarts(self):
        shared = ["x"]
        first, second = pickle.dumps([shared, shared]), pickle.dumps((shared, shared, "y"))
        answer = self.convert(first + second, from_="pickle", to="pickle", index=1)
        self.assertEqual((["x"], ["x"], "y"), pickle.loads(answer.body))
        self.convert(b"\x80\x04\x8c\x01a\x94." + b"\x80\x04h\x00.", 400, from_="pickle", index=1)

    def test_what_follows_and_is_no_pickle_is_told(self):
        answer = self.convert(self.body(4) + b"\0\1\2", from_="pickle")
        self.assertEqual(("5", "3"), (answer.headers["X-Mandoline-Pickles"], answer.headers["X-Mandoline-Trailing-Bytes"]))
        answer = self.convert(pickle.dumps(1), from_="pickle")
        self.assertEqual((None, None), (answer.headers["X-Mandoline-Pickles"], answer.headers["X-Mandoline-Trailing-Bytes"]))
        problem = json.loads(self.convert(pickle.dumps(1) + b"\0", 400, from_="pickle", index=1).body)
        self.assertEqual(len(pickle.dumps(1)), problem["offset"])

    def test_inspect_and_stored_files_know_it_too(self):
        answer = self.server.request("POST", "/v1/inspect", self.body(4), {}, index=3)
        self.assertEqual("dict", json.loads(answer.body)["tree"]["type"])
        (self.server.data / "row.pickle").write_bytes(self.body(4))
        self.assertEqual([3.0], json.loads(self.server.get("/v1/data/row.pickle", index=2).body))
        self.assertEqual("tuple", json.loads(self.server.get("/v1/tree/row.pickle", index=-1).body)["tree"]["type"])
        self.assertEqual("str", json.loads(self.server.get("/v1/meta/row.pickle", index=1).body)["type"])


class Python2(Case):
    BODIES = [b"S'abc'\n.", b"S'caf\\xe9'\n.", b"S'\\xc3\\xa9'\n.", b"U\x03abc.", b"U\x02\xc3\xa9.", b"U\x02\xff\x00.",
              b"T\x04\0\0\0\xe2\x82\xac!.", b"T\0\0\0\0.", b"}U\x01kU\x01\x80s.", b"(U\x02\xc3\xa9I1\nd."]
    # numpy.arange(3, dtype="u1") * 100 and its like, as Python 2 wrote them
    ARRAY = (b"cnumpy.core.multiarray\n_reconstruct\np0\n(cnumpy\nndarray\np1\n(I0\ntp2\nS'b'\np3\ntp4\nRp5\n"
             b"(I1\n(I3\ntp6\ncnumpy\ndtype\np7\n(S'u1'\np8\nI0\nI1\ntp9\nRp10\n(I3\nS'|'\np11\nNNNI-1\nI-1\nI0\ntp12\n"
             b"bI00\nS'\\x00d\\xc8'\np13\ntp14\nb.")

    def test_each_encoding_as_python_has_it(self):
        for body in self.BODIES:
            for encoding in ("ascii", "latin1", "bytes", "utf8"):
                with self.subTest(body, encoding=encoding):
                    try:
                        expected = pickle.loads(body, encoding=encoding)
                    except UnicodeDecodeError:
                        self.convert(body, 400, from_="pickle", to="pickle", encoding=encoding)
                        continue
                    back = pickle.loads(self.convert(body, from_="pickle", to="pickle", encoding=encoding).body)
                    self.assertEqual((type(expected), expected), (type(back), back))

    def test_an_array_in_a_string(self):
        expected = pickle.loads(self.ARRAY, encoding="latin1")
        for encoding in ("auto", "latin1"):
            answer = self.convert(self.ARRAY, from_="pickle", to="json", encoding=encoding)
            self.assertEqual(expected.tolist(), json.loads(answer.body))

    def test_a_name_that_is_none(self):
        self.convert(b"N.", 400, from_="pickle", encoding="koi8")


class OutOfBand(Case):
    """Protocol 5: the buffers are further parts of the body."""

    BOUNDARY = "a-boundary"

    def parts(self, *parts, end="--"):
        return b"".join(f"--{self.BOUNDARY}\r\nContent-Disposition: form-data; name=x\r\n\r\n".encode() + bytes(part) + b"\r\n"
                        for part in parts) + f"--{self.BOUNDARY}{end}\r\n".encode()

    def post(self, body, status=200, kind="form-data", **query):
        return self.convert(body, status, {"Content-Type": f"multipart/{kind}; boundary={self.BOUNDARY}"}, **query)

    def values(self):
        frozen = numpy.arange(5, dtype="i2")
        frozen.flags.writeable = False
        yield [numpy.arange(12.0).reshape(3, 4), "text", frozen]
        yield {"f": numpy.asfortranarray(numpy.eye(3)), "empty": numpy.zeros(0), "boundary": numpy.frombuffer(b"\r\n--a-boundaryX\r\n", "u1")}
        yield [pickle.PickleBuffer(b"read only"), pickle.PickleBuffer(bytearray(b"writable"))]
        yield numpy.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")])

    def test_arrays_and_buffers(self):
        for number, value in enumerate(self.values()):
            buffers = []
            data = pickle.dumps(value, 5, buffer_callback=buffers.append)
            raws = [b.raw() for b in buffers]
            expected = pickle.loads(data, buffers=[bytes(r) if r.readonly else bytearray(r) for r in raws])
            for kind in "form-data", "mixed":
                with self.subTest(number, kind=kind):
                    answer = self.post(self.parts(data, *raws), kind=kind, to="pickle", from_="pickle")
                    self.assertEqual(repr(expected), repr(pickle.loads(answer.body)))
                    self.assertEqual(answer.body, self.post(self.parts(gzip.compress(data), *raws), to="pickle").body)

    def test_too_few_and_broken_bodies(self):
        buffers = []
        data = pickle.dumps([numpy.arange(3), numpy.arange(4)], 5, buffer_callback=buffers.append)
        raws = [b.raw() for b in buffers]
        whole = self.parts(data, *raws)
        self.post(self.parts(data, raws[0]), 400)
        for cut in range(0, len(whole) - 4, 3):
            self.post(whole[:cut], 400, from_="pickle")
        self.post(self.parts(data, raws[0][:1], raws[1]), 422, to="csv")
        self.post(self.parts(*[data] * 101), 413)
        self.convert(whole, 400, {"Content-Type": "multipart/mixed"})
        alone = self.post(self.parts(data), to="typed").body
        self.assertIn(b'"kind":"buffer"', alone)

    def test_a_form_may_hold_one_document_of_any_format(self):
        self.assertEqual({"a": 1}, json.loads(self.post(self.parts(b'{"a": 1}')).body))
        self.post(self.parts(b'{"a": 1}', b"2"), 400)


if __name__ == "__main__":
    unittest.main()
