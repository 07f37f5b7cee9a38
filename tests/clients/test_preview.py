"""/v1/preview and to=png: the pictures are read by Pillow, and NumPy says what is in them."""

import io
import json
import pickle
import unittest

import h5py
import numpy
from PIL import Image

from mandoline import Server, quote

RNG = numpy.random.default_rng(7)


def levels(a, low, high, log=False):
    """The documented mapping: 1 to 255 between the ends, 0 for what cannot be shown."""
    a = numpy.asarray(a, "f8")
    with numpy.errstate(all="ignore"):
        shown = ~numpy.isnan(a) & ~(log & (a <= 0))
        v, low, high = (numpy.log(a), numpy.log(low), numpy.log(high)) if log else (a, low, high)
        t = numpy.where(v >= high, 1.0, numpy.where(v <= low, 0.0, (v - low) / (high - low)))
        return numpy.where(shown, 1 + numpy.floor(t * 254 + 0.5), 0).astype("u1")


def even(length, most):
    """Which elements of an axis are shown."""
    step = -(-length // most)
    count = -(-length // step)
    return slice((length - 1 - (count - 1) * step) // 2, None, step)


class Preview(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        a = RNG.normal(10, 4, (300, 700))
        a[5, :40] = numpy.nan
        a[6, :3] = numpy.inf, -numpy.inf, -1
        cls.a = a
        cls.cube = RNG.integers(0, 1000, (3, 4, 50, 60)).astype(">u2")
        cls.big = numpy.arange(3000 * 2000, dtype="f4").reshape(3000, 2000)
        with h5py.File(cls.server.data / "a.h5", "w") as f:
            f["a"] = a
            f.create_dataset("chunked", data=a.astype("f4"), chunks=(17, 33), compression="gzip")
            f["cube"] = cls.cube
            f["line"] = a[9]
            f["big"] = cls.big
            f["flags"] = a > 10
            f["text"] = ["a", "b"]
            f["scalar"] = 1.5
            f["empty"] = numpy.zeros((0, 5))
            f["records"] = numpy.array([(1, 2.5), (3, 4.5)], dtype=[("i", "<i4"), ("f", ">f8")])
            f["complex"] = a[:4, :4] + 1j
            # What it would hold is 80 TB; a few chunks are there.
            d = f.create_dataset("vast", (10_000_000, 1_000_000), "f8", chunks=(1000, 1000), fillvalue=2)
            d[5_000_000:5_001_000, 500_000:501_000] = 7
        numpy.save(cls.server.data / "a.npy", a)
        (cls.server.data / "a.pickle").write_bytes(pickle.dumps({"a": a, "f": numpy.asfortranarray(a), "list": [[1, 2], [3, 4]]}))

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def preview(self, name, status=200, **query):
        answer = self.server.get(f"/v1/preview/{quote(name)}", **query)
        self.assertEqual(status, answer.status, answer)
        if status != 200:
            return json.loads(answer.body)
        self.assertEqual("image/png", answer.headers["Content-Type"])
        image = Image.open(io.BytesIO(answer.body))
        image.load()
        self.assertEqual("P", image.mode)
        self.ends = float(answer.headers["X-Mandoline-Min"]), float(answer.headers["X-Mandoline-Max"])
        return image

    def check(self, image, expected, low, high, log=False):
        self.assertEqual((low, high), self.ends)
        got, want = numpy.asarray(image).astype(int), levels(expected, low, high, log).astype(int)
        self.assertEqual(want.shape, got.shape)
        self.assertLessEqual(abs(got - want).max(), 1 if log else 0)
        self.assertTrue(((got == 0) == (want == 0)).all())

    def test_all_formats_show_the_same(self):
        shown = self.a[even(300, 512), even(700, 512)]
        finite = shown[numpy.isfinite(shown)]
        for name, path in (("a.h5", "/a"), ("a.npy", "/"), ("a.pickle", "/a"), ("a.pickle", "/f")):
            with self.subTest(name, path=path):
                self.check(self.preview(name, path=path), shown, finite.min(), finite.max())
        self.check(self.preview("a.h5", path="/chunked"), shown.astype("f4"), finite.astype("f4").min(), finite.astype("f4").max())
        self.check(self.preview("a.pickle", path="/list"), [[1, 2], [3, 4]], 1, 4)
        self.check(self.preview("a.h5", path="/flags", width=2000), self.a > 10, 0, 1)

    def test_sizes_and_slices(self):
        for width, height in ((1, 1), (7, 5), (300, 299), (2048, 2048), (699, 1)):
            shown = self.a[even(300, height), even(700, width)]
            self.check(self.preview("a.h5", path="/a", width=width, height=height, min=0, max=20), shown, 0, 20)
        shown = self.a[::-2, 40:90]
        finite = shown[numpy.isfinite(shown)]
        self.check(self.preview("a.h5", path="/a", slice="::-2,40:90"), shown, finite.min(), finite.max())
        self.check(self.preview("a.h5", path="/a", slice="[5,3,200],::-7", min=0, max=9), self.a[[5, 3, 200], ::-7], 0, 9)
        self.check(self.preview("a.h5", path="/cube"), self.cube[0, 0], self.cube[0, 0].min(), self.cube[0, 0].max())
        self.check(self.preview("a.h5", path="/cube", slice="1,:,3", min=0, max=999), self.cube[1, :, 3], 0, 999)
        shown = self.big[even(3000, 512), even(2000, 512)]
        self.check(self.preview("a.h5", path="/big"), shown, shown.min(), shown.max())

    def test_scales(self):
        positive = self.a[(self.a > 0) & numpy.isfinite(self.a)]
        self.check(self.preview("a.h5", path="/a", width=2000, log="true"), self.a, positive.min(), positive.max(), True)
        self.check(self.preview("a.h5", path="/a", width=2000, min=-5, max=-5), self.a, -5, -5)
        self.check(self.preview("a.h5", path="/a", slice="5:6,:40"), self.a[5:6, :40], 0, 1)

    def test_colours(self):
        for name, low, high in (("viridis", (68, 1, 84), (253, 231, 37)), ("grey", (0, 0, 0), (255, 255, 255)),
                                ("heat", (0, 0, 0), (255, 255, 255)), ("ocean", (8, 16, 64), (240, 255, 240)),
                                ("diverging", (32, 64, 160), (160, 24, 40))):
            image = self.preview("a.h5", path="/a", cmap=name)
            table = numpy.array(image.getpalette()).reshape(-1, 3)
            self.assertEqual(low, tuple(table[1]), name)
            self.assertEqual(high, tuple(table[255]), name)
            self.assertEqual(255, len(numpy.unique(table[1:], axis=0)), name)
            alpha = numpy.asarray(image.convert("RGBA"))[..., 3]
            self.assertTrue(((alpha == 0) == (numpy.asarray(image) == 0)).all())
        grey = numpy.array(self.preview("a.h5", path="/a", cmap="grey").getpalette()).reshape(-1, 3)[1:]
        self.assertTrue((grey[:, 0] == numpy.floor(numpy.arange(255) * 255 / 254 + 0.5)).all())

    def test_one_dimension_is_a_curve(self):
        line = self.a[9][even(700, 512)]
        got = numpy.asarray(self.preview("a.h5", path="/line", height=100))
        self.assertEqual((100, line.size), got.shape)
        rows = 99 - numpy.floor((line - line.min()) / (line.max() - line.min()) * 99 + 0.5).astype(int)
        want = numpy.zeros(got.shape, "u1")
        for x, row in enumerate(rows):
            before = rows[x - 1] if x else row
            want[min(row, before):max(row, before) + 1, x] = levels(line[x], line.min(), line.max())
        self.assertTrue((got == want).all())

    def test_what_is_read_is_bounded(self):
        image = self.preview("a.h5", path="/vast", width=64, height=64)
        self.assertLessEqual(max(image.size), 64)
        self.assertEqual((2, 2), self.ends)
        image = self.preview("a.h5", path="/vast", slice="5000000:5001000,500000:501000", width=64, height=64)
        self.assertEqual((7, 7), self.ends)
        self.assertEqual((63, 63), image.size)

    def test_it_is_a_format_too(self):
        answer = self.server.get("/v1/data/a.h5", path="/a", slice="::2", format="png", min=0, max=20, cmap="heat")
        self.assertEqual("image/png", answer.headers["Content-Type"])
        self.assertTrue((numpy.asarray(Image.open(io.BytesIO(answer.body))) == levels(self.a[::2], 0, 20)).all())
        png = self.server.convert(json.dumps([[1, 2.5], [3, None]]).replace("null", "9").encode(), "png")
        self.assertTrue((numpy.asarray(Image.open(io.BytesIO(png))) == levels([[1, 2.5], [3, 9]], 1, 9)).all())
        # Many rows, in more than one run of compressed bytes and of the socket's.
        answer = self.server.get("/v1/data/a.h5", path="/big", format="png")
        got = numpy.asarray(Image.open(io.BytesIO(answer.body)))
        self.assertTrue((got == levels(self.big, 0, float(self.big.max()))).all())
        # Browsers accept pictures, whatever they ask for.
        answer = self.server.get("/v1/data/a.h5", {"Accept": "text/html,image/png,*/*;q=0.8"}, path="/cube", slice="0,0")
        self.assertEqual("application/json", answer.headers["Content-Type"])

    def test_refusals(self):
        for path in ("/text", "/scalar", "/empty", "/records", "/complex"):
            self.assertEqual("/problems/unrepresentable", self.preview("a.h5", 422, path=path)["type"], path)
        self.preview("a.h5", 422)
        self.check(self.preview("a.h5", path="/records", fields="f", height=3), numpy.array(
            [[numpy.nan, 4.5], [numpy.nan, 4.5], [2.5, 4.5]]), 2.5, 4.5)
        for query in ({"width": 0}, {"width": 2049}, {"height": "x"}, {"cmap": "jet"}, {"min": "nan"}, {"max": "1e999"}, {"min": ""},
                      {"min": 3, "max": 2}, {"log": "true", "min": 0}, {"log": "perhaps"}, {"slice": "x"}, {"dtype": "f4"},
                      {"slice": "400"}):
            self.assertEqual("/problems/bad-parameter", self.preview("a.h5", 400, path="/a", **query)["type"], query)
        self.preview("a.h5", 404, path="/nothing")
        self.preview("nothing.h5", 404)

    def test_conditions(self):
        answer = self.server.get("/v1/preview/a.h5", path="/a")
        again = self.server.get("/v1/preview/a.h5", {"If-None-Match": answer.headers["ETag"]}, path="/a")
        self.assertEqual(304, again.status)
        other = self.server.get("/v1/preview/a.h5", {"If-None-Match": answer.headers["ETag"]}, path="/a", cmap="grey")
        self.assertEqual(200, other.status)


if __name__ == "__main__":
    unittest.main()
