"""POST /v1/query: many selections, one answer, in every format that holds several values; NumPy and h5py are the judges."""

import email
import io
import json
import pickle
import re
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

    def parts(self, query, headers=None, name="a.h5", **parameters):
        """The parts of an answer: their headers and bytes, by name."""
        answer = self.server.request("POST", "/v1/query/" + name, json.dumps(query), headers or {}, **parameters)
        self.assertEqual(200, answer.status, answer)
        kind, boundary = re.fullmatch("(multipart/[a-z-]+); boundary=([0-9a-f]{32})", answer.headers["Content-Type"]).groups()
        first, *parts, last = (b"\r\n" + answer.body).split(b"\r\n--" + boundary.encode())
        self.assertEqual((b"", b"--\r\n"), (first, last))
        found = {}
        for part in parts:
            head, _, body = part.partition(b"\r\n\r\n")
            headers = email.message_from_string(head.decode().strip())
            if "Content-Length" in headers:
                self.assertEqual(len(body), int(headers["Content-Length"]))
            found[headers.get_param("name", header="Content-Disposition")] = headers, body
        return kind, found

    def test_parts(self):
        """Each as a single answer would be: typed bytes where there are some, JSON for the rest."""
        query = {**self.SELECTIONS, "n": "/n", "text": "text", "as npy": {"path": "/records", "format": "npy"},
                 "as hdf5": {"path": "/g", "format": "hdf5"}, "as csv": {"path": "/g/a", "slice": ":2,0,:2", "format": "csv"}}
        for headers, parameters in (({"Accept": "multipart/mixed"}, {}), ({}, {"format": "multipart"}), ({"Accept": "multipart/*, */*;q=0.5"}, {})):
            kind, parts = self.parts(query, headers, **parameters)
            self.assertEqual("multipart/mixed", kind)
            self.assertEqual(list(query), list(parts))
            for key, want in self.expected().items():
                headers, body = parts[key]
                want = numpy.asarray(want)
                little = want.dtype.newbyteorder("<")
                self.assertEqual("application/octet-stream", headers["Content-Type"])
                self.assertEqual(",".join(map(str, want.shape)), headers["X-Mandoline-Shape"] or "", key)
                if want.dtype.names:
                    little = numpy.dtype([(n, want.dtype[n].newbyteorder("<")) for n in want.dtype.names])
                self.assertEqual(little.itemsize, numpy.dtype(headers["X-Mandoline-Dtype"]).itemsize)
                self.same(want, numpy.frombuffer(body, little).reshape(want.shape).astype(want.dtype), key)
            self.assertEqual(7, numpy.frombuffer(parts["n"][1], parts["n"][0]["X-Mandoline-Dtype"])[0])
            self.assertEqual(("application/json", ["grün", "b"]), (parts["text"][0]["Content-Type"], json.loads(parts["text"][1])))
            self.same(self.records, numpy.load(io.BytesIO(parts["as npy"][1])), "npy")
            with h5py.File(io.BytesIO(parts["as hdf5"][1])) as f:
                self.same(self.a, f["a"][()], "hdf5")
            self.assertEqual(2, parts["as csv"][1].count(b"\n"))
        with self.subTest("as Python reads it"):
            answer = self.server.request("POST", "/v1/query/a.h5", json.dumps(self.SELECTIONS), {}, format="multipart")
            self.assertIsNone(answer.headers["ETag"])
            message = email.message_from_bytes(b"Content-Type: " + answer.headers["Content-Type"].encode() + b"\r\n\r\n" + answer.body)
            self.assertEqual(self.a.tobytes(), message.get_payload()[0].get_payload(decode=True))

    def test_parts_as_browsers_read_them(self):
        name = 'a "b"\r\nX: 1'
        for headers, parameters in (({"Accept": "multipart/form-data"}, {}), ({}, {"format": "form"})):
            kind, parts = self.parts({name: "/n", "": "/n"}, headers, **parameters)
            self.assertEqual("multipart/form-data", kind)
            self.assertEqual(["a %22b%22%0D%0AX: 1", ""], list(parts))
            self.assertEqual('form-data; name=""; filename=".bin"', parts[""][0]["Content-Disposition"])
            self.assertIsNone(parts[""][0]["X"])

    def test_parts_of_what_is_no_hdf5(self):
        _, parts = self.parts({"a": "/g/a", "all": "/records"}, name="a.pickle", format="multipart")
        self.assertEqual(self.a.tobytes(), parts["a"][1])
        self.assertEqual("|V16", parts["all"][0]["X-Mandoline-Dtype"])

    def test_parts_that_cannot_be(self):
        for query, status, pointer in (({"a": "/n", "b": "/nothing"}, 404, "/b"), ({"a": {"path": "/n", "format": "xml"}}, 400, "/a"),
                                       ({"a": {"path": "/n", "format": "multipart"}}, 400, "/a"), ({"t": {"path": "/text", "format": "bin"}}, 422, "/t")):
            problem = self.query(query, status, format="multipart")
            self.assertEqual(pointer, problem.get("pointer"), problem)
        self.query({"a": {"path": "/n", "format": "npy"}}, 400)
        answer = self.server.get("/v1/data/a.h5", {"Accept": "multipart/mixed"}, path="/n")
        self.assertEqual(406, answer.status, answer)
        self.assertEqual(400, self.server.get("/v1/data/a.h5", path="/n", format="multipart").status)

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
