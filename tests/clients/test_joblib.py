"""What joblib.dump writes, with every compression and protocol: mandoline finds the arrays in it."""

import io
import json
import pickle
import struct
import unittest
import warnings

import joblib
import joblib.numpy_pickle
import numpy

from mandoline import Server
from same import difference

warnings.simplefilter("ignore")


def values():
    rng = numpy.random.default_rng(3)
    a = rng.normal(size=(5, 7))
    yield a
    yield numpy.asfortranarray(a)
    yield a[::2, ::-1]
    yield {"weights": a, "bias": numpy.arange(7), "again": a, "name": "x" * 300, "nested": [{"deep": numpy.zeros(3, "i1")}]}
    yield [numpy.array(3.5), numpy.zeros((0, 4)), numpy.zeros((2, 0), order="F"), numpy.array([True, False])]
    yield [numpy.arange(6, dtype=t) for t in "i1 u2 >i4 f2 >f8 c16".split()]
    yield numpy.array([(1, 2.5, b"x")], dtype=[("i", "<i4"), ("f", ">f8"), ("s", "S3")])
    yield numpy.zeros(3, dtype=numpy.dtype([("a", "u1"), ("b", "f8", (2,))], align=True))
    yield [numpy.array(["2026-11-23", "NaT"], dtype="M8[D]"), numpy.array([1, 2], dtype="m8[25s]"), numpy.array(["é", "abc"])]
    yield [numpy.array([1, "two", {"three": None}, None], dtype=object), numpy.arange(3), "after"]
    yield numpy.array([[{}, []], [(), "x"]], dtype=object, order="F")
    yield (numpy.matrix([[1, 2], [3, 4]]), numpy.arange(4))
    yield [numpy.arange(n) for n in range(100)]


def dumped(value, **how):
    out = io.BytesIO()
    joblib.dump(value, out, **how)
    return out.getvalue()


class Joblib(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def convert(self, body, status=200, **query):
        answer = self.server.request("POST", "/v1/convert", body, {}, **query)
        self.assertEqual(status, answer.status, answer)
        return answer

    def check(self, body, **query):
        expected = joblib.load(io.BytesIO(body))
        answer = self.convert(body, to="pickle", protocol=4, **query)
        self.assertIsNone(difference(expected, pickle.loads(answer.body)))
        typed = self.convert(body, to="typed", **query).body
        self.assertIsNone(difference(expected, pickle.loads(self.server.convert(typed, "pickle", "typed"))))
        self.assertIsNone(answer.headers["X-Mandoline-Trailing-Bytes"])

    def test_every_value_at_every_protocol(self):
        for number, value in enumerate(values()):
            for protocol in range(6):
                with self.subTest(number, protocol=protocol):
                    self.check(dumped(value, protocol=protocol), from_="pickle")

    def test_every_compression(self):
        value = {"a": numpy.arange(1000.0), "b": numpy.array([None, "x"], dtype=object)}
        for how in ("zlib", "gzip", "bz2", "lzma", "xz", "lz4"):
            for level in (1, 6):
                with self.subTest(how, level=level):
                    self.check(dumped(value, compress=(how, level)))

    def test_without_alignment_as_before_1_2(self):
        write = joblib.numpy_pickle.NumpyArrayWrapper.__init__

        def old(self, *args, **kwargs):
            write(self, *args, **kwargs)
            del self.numpy_array_alignment_bytes
        try:
            joblib.numpy_pickle.NumpyArrayWrapper.__init__ = old
            bodies = [dumped(value) for value in values()]
        finally:
            joblib.numpy_pickle.NumpyArrayWrapper.__init__ = write
        for number, body in enumerate(bodies):
            self.assertNotIn(b"alignment_bytes", body)
            with self.subTest(number):
                self.check(body)

    def test_the_copy_that_scikit_learn_had(self):
        body = dumped([numpy.arange(4), numpy.array([None], dtype=object)], protocol=2)
        moved = body.replace(b"cjoblib.numpy_pickle\n", b"csklearn.externals.joblib.numpy_pickle\n")
        self.assertNotEqual(body, moved)
        self.assertEqual(self.convert(body, to="typed").body, self.convert(moved, to="typed").body)

    def test_by_path_and_slice_in_a_stored_file(self):
        value = {"weights": numpy.arange(12.0).reshape(3, 4)}
        joblib.dump(value, self.server.data / "model.joblib", compress=3)
        answer = self.server.get("/v1/data/model.joblib", path="/weights", slice="1,::2")
        self.assertEqual([4.0, 6.0], json.loads(answer.body))

    def test_cut_anywhere(self):
        body = dumped([numpy.arange(3, dtype="u1"), numpy.array([None], dtype=object)])
        for cut in range(1, len(body)):
            self.convert(body[:cut], 400, from_="pickle")

    def test_sizes_that_lie(self):
        body = dumped(numpy.arange(3, dtype="u1"), protocol=4)
        shape = b"K\x03\x85"
        self.assertEqual(1, body.count(shape))
        for lie in (b"J\xff\xff\xff\x7f\x85", b"\x8a\x08" + struct.pack("<q", 2**62) + b"\x85", b"J\xff\xff\xff\xff\x85", b"]\x85",
                    b"J\0\0\0@J\0\0\0@J\0\0\0@\x87", b"N"):
            self.convert(body.replace(shape, lie).replace(b"\x95", b"\x95", 1), 400, from_="pickle")


if __name__ == "__main__":
    unittest.main()
