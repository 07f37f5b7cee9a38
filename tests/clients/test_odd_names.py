"""Names of classes, fields and labels that are no UTF-8: every answer is, and the names come back."""

import io
import json
import pathlib
import pickle
import unittest

import h5py
import numpy

from mandoline import Server
from same import difference

ODD = "a\ud800b"
NAME = ODD.encode("utf-8", "surrogatepass")
TEXT = b"\x8c" + bytes([len(NAME)]) + NAME
GLOBAL = b"\x80\x04" + TEXT + TEXT + b"\x93"
PICKLES = {
    "a global": GLOBAL + b".",
    "a call": GLOBAL + b")R.",
    "an object": GLOBAL + b")\x81}" + TEXT + b"K\x01sb.",
    "keys": pickle.dumps({ODD: ODD, (ODD, 1): [ODD]}),
    "a dtype": pickle.dumps(numpy.dtype([(ODD, "i4")])),
    "records": pickle.dumps(numpy.zeros(2, [(ODD, "i4"), ("x", [(ODD, "f8", 2)])]), 4),
    "a record": pickle.dumps(numpy.zeros(2, [(ODD, "i4")])[0], 4),
    "a path": pickle.dumps(pathlib.PurePosixPath(ODD)),
    "texts": pickle.dumps(numpy.array([ODD, "x"])),
}


class OddNames(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.stop)

    def json(self, path, body, media_type, **query):
        answer = self.server.request("POST", path, body, {"Content-Type": media_type}, **query)
        self.assertEqual(200, answer.status, answer)
        return json.loads(answer.body.decode())

    def test_surrogates_are_escaped(self):
        for name, body in PICKLES.items():
            for to in ("json", "typed") if body.startswith(GLOBAL) else ("json", "typed", "h5json"):
                for pretty in ("true", "false"):
                    with self.subTest(name, to=to, pretty=pretty):
                        self.json("/v1/convert", body, "application/x-pickle", to=to, pretty=pretty)
            self.json("/v1/inspect", body, "application/x-pickle")
            self.json("/v1/scan", body, "application/x-pickle")

    def test_surrogates_come_back(self):
        for name, body in PICKLES.items():
            for between in ("typed", "hdf5", "h5json"):
                if body.startswith(GLOBAL):
                    continue
                with self.subTest(name, between=between):
                    back = self.server.convert(self.server.convert(body, between, "pickle"), "pickle", between)
                    self.assertIsNone(difference(pickle.loads(body), pickle.loads(back)))

    def test_classes_come_back_or_are_refused(self):
        for name, body in PICKLES.items():
            if body.startswith(GLOBAL):
                typed = self.server.convert(body, "typed", "pickle")
                plain = self.server.convert(body, "pickle", "pickle")
                self.assertIn(NAME, plain)
                self.assertEqual(plain, self.server.convert(typed, "pickle", "typed"), name)
                for to in ("hdf5", "h5json"):
                    answer = self.server.request("POST", "/v1/convert", body, to=to)
                    self.assertEqual(422, answer.status, answer)
                    self.assertIn(b"surrogate", answer.body)

    def test_names_of_hdf5_that_are_no_utf8_are_latin1(self):
        file = io.BytesIO()
        with h5py.File(file, "w") as f:
            f["records"] = numpy.ones(2, [("feld_Q", "i4"), ("x", "f8")])
            f.create_group("group_Q").attrs["attribute_Q"] = 1
            f.create_dataset("enum", data=[0, 1], dtype=h5py.enum_dtype({"rot_Q": 0, "blau": 1}))
        document = file.getvalue().replace(b"_Q", b"_\xe4")
        for to in ("json", "typed", "h5json"):
            self.assertIn("feld_ä", json.dumps(self.json("/v1/convert", document, "application/x-hdf5", to=to), ensure_ascii=False))
        self.json("/v1/inspect", document, "application/x-hdf5")
        value = pickle.loads(self.server.convert(document, "pickle", "hdf5"))
        self.assertEqual(["feld_ä", "x"], list(value["records"].dtype.names))
        self.assertEqual([1, 1], value["records"]["feld_ä"].tolist())
        copy = self.server.convert(document, "hdf5", "hdf5")
        with h5py.File(io.BytesIO(copy)) as f:
            self.assertEqual((["feld_ä", "x"], [1, 1]), (list(f["records"].dtype.names), f["records"]["feld_ä"].tolist()))

    def test_units_that_numpy_has_not_are_no_dates(self):
        for unit in (b"tn", b"w\0", b"N "):
            body = pickle.dumps(numpy.array([1, 2], "M8[ns]"), 4).replace(b"C\x02ns", b"C\x02" + unit)
            typed = self.server.convert(body, "typed", "pickle")
            self.assertEqual(typed, self.server.convert(typed, "typed", "typed"))
            self.assertIn(b"_reconstruct", typed)


if __name__ == "__main__":
    unittest.main()
