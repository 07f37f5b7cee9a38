"""What /v1/meta, /v1/tree and /v1/attrs say of what is in HDF5 files beside elements; h5py made them."""

import json
import re
import unittest

import h5py
import numpy

from mandoline import Server

NUMBERS, TEXT = h5py.vlen_dtype("<i4"), h5py.string_dtype()


class Meta(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.stop)
        cls.files = {}
        for libver in ("earliest", "latest"):
            cls.files[f"{libver}.h5"] = cls.server.data / f"{libver}.h5"
            with h5py.File(cls.files[f"{libver}.h5"], "w", libver=libver) as f:
                cls.fill(f, libver)

    @staticmethod
    def fill(f, libver):
        f["types/point"] = numpy.dtype([("x", "<f4"), ("y", "<f4")])
        f["types/colour"] = h5py.enum_dtype({"RED": 0, "BLUE": 2}, "<i2")
        f.create_dataset("points", (3,), f["types/point"]).attrs.create("first", numpy.zeros((), [("x", "<f4"), ("y", "<f4")]), dtype=f["types/point"])
        f.create_dataset("colours", (3,), f["types/colour"])
        f.create_dataset("plain", (3,), "<f4")
        f.create_dataset("ragged", (2,), NUMBERS)
        f.create_dataset("pairs", (2,), h5py.vlen_dtype(numpy.dtype([("a", "<i2"), ("b", ">f8")])))
        f.create_dataset("objects", (2,), h5py.ref_dtype)
        f.create_dataset("regions", (2,), h5py.regionref_dtype)
        f.create_dataset("records", (2,), numpy.dtype([("n", "<i4"), ("v", NUMBERS), ("r", h5py.ref_dtype), ("e", h5py.enum_dtype({"A": 1}, "i1")),
                                                       ("deep", [("g", h5py.regionref_dtype)])]))
        f.create_dataset("number filled", (2,), "<i4", fillvalue=-7)
        f.create_dataset("record filled", (2,), [("x", "<i2"), ("y", "<f8")], fillvalue=numpy.array((3, 4.5), [("x", "<i2"), ("y", "<f8")])[()])
        made = f.create_group("made", track_order=True)
        made["z"], made["a"] = 1, 2
        made.attrs["second"], made.attrs["first"] = 1, 2
        many = f.create_group("many")
        for i in range(300):
            many[f"{i:03}"] = h5py.SoftLink(f"/nowhere/{i}") if i % 3 else f["plain"]
            if i < 100:
                many.attrs[f"{i:03}"] = i
        if libver == "latest":
            many.attrs["long"] = numpy.arange(20000)  # 160 KB, which old files have no room for
        f["soft"] = h5py.SoftLink("/points")
        f["far"] = h5py.ExternalLink("other.h5", "/there")

    def meta(self, name, path):
        answer = self.server.get(f"/v1/meta/{name}", path=path)
        self.assertEqual(200, answer.status, f"{name} {path}: {answer}")
        return json.loads(answer.body)

    def each(self):
        yield from self.files

    def test_committed_types_have_names(self):
        for name in self.each():
            self.assertEqual("/types/point", self.meta(name, "points")["committed"])
            self.assertEqual("/types/point", self.meta(name, "points")["attributes"][0]["committed"])
            self.assertEqual("/types/colour", self.meta(name, "colours")["committed"])
            self.assertEqual({"RED": 0, "BLUE": 2}, self.meta(name, "colours")["labels"])
            self.assertNotIn("committed", self.meta(name, "plain"))
            self.assertEqual("datatype", self.meta(name, "types/point")["kind"])

    def test_sequences_and_references_say_what_they_are_of(self):
        for name in self.each():
            self.assertEqual({"dtype": "<i4"}, self.meta(name, "ragged")["sequence"])
            self.assertEqual({"dtype": [["a", "<i2"], ["b", ">f8"]]}, self.meta(name, "pairs")["sequence"])
            self.assertEqual("object", self.meta(name, "objects")["reference"])
            self.assertEqual("region", self.meta(name, "regions")["reference"])
            self.assertEqual({"v": {"sequence": {"dtype": "<i4"}}, "r": {"reference": "object"}, "e": {"labels": {"A": 1}},
                              "deep": {"fields": {"g": {"reference": "region"}}}}, self.meta(name, "records")["fields"])
            for path in ("plain", "points"):
                self.assertFalse({"sequence", "reference", "fields"} & set(self.meta(name, path)))

    def test_fill_values(self):
        for name in self.each():
            self.assertEqual(-7, self.meta(name, "number filled")["fill_value"])
            self.assertEqual({"x": 3, "y": 4.5}, self.meta(name, "record filled")["fill_value"])
            self.assertNotIn("fill_value", self.meta(name, "plain"))

    def test_order_of_creation(self):
        for name in self.each():
            meta = self.meta(name, "made")
            self.assertEqual((["links", "attributes"], ["z", "a"], ["second", "first"]), (
                meta["creation_order"], [c["name"] for c in meta["children"]], [a["name"] for a in meta["attributes"]]))
            self.assertNotIn("creation_order", self.meta(name, "types"))

    def test_dense_groups_and_attributes(self):
        for name in self.each():
            meta = self.meta(name, "many")
            self.assertEqual([f"{i:03}" for i in range(300)], [child["name"] for child in meta["children"]])
            attributes = json.loads(self.server.get(f"/v1/attrs/{name}", path="many").body)
            self.assertEqual({f"{i:03}": i for i in range(100)}, {key: value for key, value in attributes.items() if key != "long"})
            if name == "latest.h5":
                self.assertEqual(list(range(20000)), attributes["long"])

    def test_links_lead_where_they_say_and_no_further(self):
        for name in self.each():
            self.assertEqual(("external_link", ["other.h5", "/there"]), tuple(self.meta(name, "far")[key] for key in ("kind", "target")))
            self.assertEqual("dataset", self.meta(name, "soft")["kind"])
            self.assertEqual(("soft_link", "/nowhere/1", True), tuple(self.meta(name, "many/001")[key] for key in ("kind", "target", "broken")))
            tree = json.loads(self.server.get(f"/v1/tree/{name}").body)
            kinds = {child["name"]: child["kind"] for child in tree["tree"]["children"]}
            self.assertEqual(("external_link", "dataset"), (kinds["far"], kinds["soft"]))
            self.assertEqual({"$link": ["other.h5", "/there"]}, json.loads(self.server.get(f"/v1/data/{name}", path="far", format="json").body))
            self.assertEqual(404, self.server.get(f"/v1/data/{name}", path="far/x", format="json").status)

    def test_links_of_somebody_s_own_kind_are_shown(self):
        """libhdf5 makes none without its maker's code, so the external link is made one: the kind in its message is 64, from 65
        on it is anybody's (HDF5 File Format Specification, IV.A.2.g)."""
        path = self.server.data / "own.h5"
        with h5py.File(path, "w") as f:
            f["plain"], f["far"] = 5, h5py.ExternalLink("other.h5", "/there")
        raw, count = re.subn(rb"(\x01[\x00-\x1f])\x40(\x01?\x03far)", rb"\1\125\2", path.read_bytes())
        self.assertEqual(1, count)
        path.write_bytes(raw)
        tree = json.loads(self.server.get("/v1/tree/own.h5").body)["tree"]
        self.assertEqual({"far": "other", "plain": "dataset"}, {child["name"]: child["kind"] for child in tree["children"]})
        self.assertEqual(200, self.server.get("/v1/meta/own.h5", path="far").status)
        self.assertEqual(b"5", self.server.get("/v1/data/own.h5", path="plain", format="json").body.strip())
        self.assertIn(self.server.get("/v1/data/own.h5", path="far", format="json").status, (404, 422))
        document = json.loads(self.server.get("/v1/data/own.h5", path="/", format="h5json").body)
        links = document["groups"][document["root"]]["links"]
        self.assertEqual({"H5L_TYPE_USER_DEFINED", "H5L_TYPE_HARD"}, {link["class"] for link in links})


if __name__ == "__main__":
    unittest.main()
