"""POST /v1/query: many selections, one answer, in every format that holds several values; NumPy and h5py are the judges."""

import io
import json
import pickle
import unittest
import zipfile

import h5py
import numpy

from mandoline import Server

RNG = numpy.random.default_rng(11)


class Query(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.a = RNG.normal(size=(300, 40, 5))
        cls.records = numpy.array([(i, i / 2, b"t%d" % i) for i in range(50)], dtype=[("i", "<i4"), ("f", ">f8"), ("s", "S4")])
        with h5py.File(cls.server.data / "a.h5", "w") as f:
            f.create_dataset("g/a", data=cls.a, chunks=(50, 10, 5), compression="gzip")
            f["records"] = cls.records
            f["text"] = ["grün", "b"]
            f["n"] = 7
        numpy.savez(cls.server.data / "a.npz", a=cls.a, records=cls.records)
        (cls.server.data / "a.pickle").write_bytes(pickle.dumps({"g": {"a": cls.a}, "records": cls.records}))

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def query(self, query, status=200, name="a.h5", **parameters):
        body = query if isinstance(query, (str, bytes)) else json.dumps(query)
        answer = self.server.request("POST", "/v1/query/" + name, body, {}, **parameters)
        self.assertEqual(status, answer.status, answer)
        return answer.body if status == 200 else json.loads(answer.body)

    SELECTIONS = {
        "whole": {"path": "/g/a"},
        "part": {"path": "/g/a", "slice": "3:200:7,::-1,[0,4]", "dtype": "f4"},
        "row": {"path": "/g/a", "slice": "-1,2"},
        "fields": {"path": "/records", "fields": ["f", "i"], "slice": "::5"},
        "field": {"path": "/records", "fields": "s"},
        "none": {"path": "/g/a", "slice": "5:5"},
        "element/ü": {"path": "/g/a", "slice": "1,2,3"},
    }

    def expected(self):
        a, r = self.a, self.records
        return {"whole": a, "part": a[3:200:7, ::-1][:, :, [0, 4]].astype("f4"), "row": a[-1, 2], "fields": r[["f", "i"]][::5],
                "field": r["s"], "none": a[5:5], "element/ü": a[1, 2, 3]}

    def same(self, want, got, name):
        self.assertEqual(numpy.asarray(want).shape, numpy.asarray(got).shape, name)
        if numpy.asarray(want).dtype.names:
            for field in want.dtype.names:
                numpy.testing.assert_array_equal(want[field], got[field], name)
            return
        numpy.testing.assert_array_equal(want, got, name)
        self.assertEqual(numpy.asarray(want).dtype, numpy.asarray(got).dtype, name)

    def test_npz(self):
        for name in ("a.h5", "a.pickle"):
            body = self.query(self.SELECTIONS, name=name, format="npz")
            self.assertIsNone(zipfile.ZipFile(io.BytesIO(body)).testzip())
            with numpy.load(io.BytesIO(body)) as got:
                self.assertEqual(list(self.SELECTIONS), got.files)
                for key, want in self.expected().items():
                    self.same(want, got[key], key)
        (self.server.data / "b.npz").write_bytes(body)
        with numpy.load(io.BytesIO(self.query({"x": {"path": "/whole", "slice": "1"}}, name="b.npz", format="npz"))) as got:
            self.same(self.a[1], got["x"], "written and read again")
        self.assertEqual(body, self.query(self.SELECTIONS, name="a.pickle", format="npz"))

    def test_pickle_json_and_hdf5(self):
        got = pickle.loads(self.query(self.SELECTIONS, format="pickle"))
        self.assertEqual(list(self.SELECTIONS), list(got))
        for key, want in self.expected().items():
            self.same(want, got[key], key)
        got = json.loads(self.query({"n": "/n", "t": "text", "p": {"path": "/g/a", "slice": ":2,0,0"}}))
        self.assertEqual({"n": 7, "t": ["grün", "b"], "p": self.a[:2, 0, 0].tolist()}, got)
        with h5py.File(io.BytesIO(self.query({"x": {"path": "/g/a"}, "y": {"path": "/records"}}, format="hdf5"))) as f:
            numpy.testing.assert_array_equal(self.a, f["x"][()])
            numpy.testing.assert_array_equal(self.records["f"], f["y"]["f"])

    def test_npz_of_a_conversion(self):
        value = {"i": numpy.arange(5), "F": numpy.asfortranarray(RNG.normal(size=(3, 4))), "u": numpy.array(["a", "bc"]), "x": 3, "l": [1.5, 2]}
        with numpy.load(io.BytesIO(self.server.convert(pickle.dumps(value), "npz"))) as got:
            for key, want in value.items():
                self.same(numpy.asarray(want), got[key], key)
        with numpy.load(io.BytesIO(self.server.convert(b"[1, 2]", "npz"))) as got:
            self.same(numpy.array([1, 2]), got["arr_0"], "one")
        with numpy.load(io.BytesIO(self.server.convert(b"{}", "npz"))) as got:
            self.assertEqual([], got.files)
        many = {f"n{i}": numpy.full(i % 3, i) for i in range(70000 // 50)}
        with numpy.load(io.BytesIO(self.server.convert(pickle.dumps(many), "npz"))) as got:
            self.assertEqual(list(many), got.files)
        for value, pointer in (({"a": {"b": 1}}, "/a"), ({"a": 1, "b": [None]}, "/b/0"), ({1: 2}, "")):
            answer = self.server.request("POST", "/v1/convert", pickle.dumps(value), {}, to="npz")
            self.assertEqual(422, answer.status, answer)
            self.assertEqual(pointer, json.loads(answer.body).get("pointer", ""))

    def test_what_is_wrong(self):
        for body, status, pointer in (
                ("", 400, ""), ("[]", 400, ""), ("{}", 400, ""), ("{", 400, ""), ('{"a": 1}', 400, "/a"), ('{"a": {"slices": "1"}}', 400, "/a"),
                ('{"a": {"slice": 1}}', 400, "/a"), ('{"a": {"fields": []}}', 400, "/a"), ('{"a": {"fields": [1]}}', 400, "/a"),
                ('{"x/~": {"path": "/g/a", "slice": "999"}}', 400, "/x~1~0"), ('{"a": "/n", "b": "/nothing"}', 404, "/b"),
                ('{"a": {"path": "/text", "dtype": "f4"}}', 422, "/a"), ('{"a": {"path": "/g/a", "dtype": "f99"}}', 400, "/a")):
            problem = self.query(body, status)
            self.assertEqual(pointer, problem.get("pointer", ""), (body, problem))
        self.query({"a": "/n"}, 404, name="nothing.h5")
        self.query({"a": "/n"}, 400, format="xml")
        self.query({"a": "/n"}, 400, slice="1")
        self.assertEqual(405, self.server.get("/v1/query/a.h5").status)


if __name__ == "__main__":
    unittest.main()
