"""npy, bin and slices: what numpy.load and numpy.save say."""

import io
import json
import pickle
import unittest

import numpy

from mandoline import Server
from test_round_trips import arrays


def saved(array):
    out = io.BytesIO()
    numpy.save(out, array)
    return out.getvalue()


class Numpy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def test_npy_is_byte_for_byte_what_numpy_saves(self):
        for array in arrays():
            array = numpy.ascontiguousarray(array) if array.ndim and not array.flags.f_contiguous else array
            self.assertEqual(saved(array), self.server.convert(saved(array), "npy", "npy"), repr(array.dtype))

    def test_every_header_version_is_read(self):
        array = numpy.arange(6.0).reshape(2, 3)
        for version in [(1, 0), (2, 0), (3, 0)]:
            out = io.BytesIO()
            numpy.lib.format.write_array(out, array, version)
            back = numpy.load(io.BytesIO(self.server.convert(out.getvalue(), "npy", "npy")))
            self.assertTrue((array == back).all())

    def test_bin_is_little_endian_in_c_order(self):
        for array in arrays():
            if array.dtype.kind == "U":
                continue
            expected = numpy.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"))).tobytes()
            self.assertEqual(expected, self.server.convert(saved(array), "bin", "npy"), repr(array.dtype))

    def test_fields_that_overlap_are_read_each_by_itself(self):
        union = {"names": ["whole", "head", "odd"], "formats": [">i4", ">i2", ">u2"], "offsets": [0, 0, 1], "itemsize": 6}
        twice = {"names": ["a", "b"], "formats": [">u4", ">i4"], "offsets": [0, 0]}
        inside = {"names": ["pair", "part"], "formats": [(">i2", 3), "S3"], "offsets": [0, 1]}
        small = {"names": ["pair", "part"], "formats": [("<i2", 3), "S3"], "offsets": [0, 1]}
        for dtype in map(numpy.dtype, (union, twice, inside, small)):
            array = numpy.frombuffer(bytes(range(65, 65 + 2 * dtype.itemsize)), dtype)
            rows = [{name: row[name].tolist() if row[name].dtype.kind != "S" else row[name].decode() for name in dtype.names} for row in array]
            with self.subTest(dtype=dtype):
                for value, query in ((array, {}), (list(array), {"slice": ":"}), ([array, array], {"slice": "1"})):
                    self.assertEqual(json.loads(self.server.convert(pickle.dumps(value), "json", "pickle", **query)), rows)
                    back = pickle.loads(self.server.convert(pickle.dumps(value), "pickle", "pickle", **query))
                    self.assertEqual((back.tobytes(), back.dtype), (array.tobytes(), dtype))
                answer = self.server.request("POST", "/v1/convert", pickle.dumps(array), from_="pickle", to="bin")
                if dtype == small:
                    self.assertEqual(answer.body, array.tobytes())
                else:
                    self.assertEqual(json.loads(answer.body)["type"], "/problems/unrepresentable")
                self.assertEqual(self.server.request("POST", "/v1/convert", pickle.dumps(array), from_="pickle", to="npy").status, 422)

    def test_slices_are_numpys(self):
        array = numpy.arange(5 * 6 * 7).reshape(5, 6, 7)
        for text in ["1", "-1", "1:3", "::2", "::-1", "...,2", "1,...", ":,::-2,3:", "4:1:-1,2,-3:", "[0,2,2],1",
                     ":,[5,0],2:4", "10:20", "-100:2", "...", ""]:
            expected = eval(f"array[{text}]") if text else array
            answer = self.server.convert(saved(array), "npy", "npy", slice=text)
            self.assertTrue(numpy.array_equal(expected, numpy.load(io.BytesIO(answer))), text)

    def test_fields_are_selected(self):
        array = numpy.array([(1, 2.5, b"x"), (3, 4.5, b"yz")], dtype=[("i", "<i4"), ("f", ">f8"), ("s", "S3")])
        one = numpy.load(io.BytesIO(self.server.convert(saved(array), "npy", fields="f")))
        self.assertTrue((one == array["f"]).all())
        two = numpy.load(io.BytesIO(self.server.convert(saved(array), "npy", fields="s,i", slice="1")))
        self.assertEqual((b"yz", 3), two[()].item())

    def test_json_of_arrays_is_tolist(self):
        for array in arrays():
            if array.dtype.kind not in "biuf":
                continue
            text = self.server.convert(pickle.dumps(array), "json", "pickle")
            back = numpy.array(json.loads(text), dtype=array.dtype).reshape(array.shape)
            self.assertTrue((array == back).all(), f"{array.dtype}: {text[:80]}")


if __name__ == "__main__":
    unittest.main()
