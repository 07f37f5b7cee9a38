"""sel=: along axes by the values of their coordinates; NumPy and pandas say which elements those are."""

import io
import json
import pickle
import unittest

import h5py
import numpy
import pandas

from mandoline import Server

RNG = numpy.random.default_rng(5)


class Selected(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.t = RNG.normal(size=(100, 9, 10)).astype("f4")
        cls.days = numpy.arange(100) * 0.75
        cls.lat = numpy.linspace(40, -40, 9)
        cls.lon = numpy.array([0, 10, 20, 30, 30, 40, 50, 60, 70, 80], "i2")
        cls.dates = pandas.Timestamp("2020-01-01 12:00") + pandas.to_timedelta(cls.days, "D")
        cls.long = numpy.arange(3_000_000) * 2
        with h5py.File(cls.server.data / "a.h5", "w") as f:
            g = f.create_group("g")
            g["t"] = cls.t
            for axis, (name, values) in enumerate((("time", cls.days), ("lat", cls.lat), ("lon", cls.lon))):
                f.require_group("axes")[name] = values
                f["axes"][name].make_scale(name)
                g["t"].dims[axis].attach_scale(f["axes"][name])
            f["axes/time"].attrs["units"] = "days since 2020-01-01 12:00:00"
            f["square"] = numpy.arange(25).reshape(5, 5)
            f["x"] = numpy.arange(5)
            f["square"].dims[1].attach_scale(f["x"])
            f["plain"] = cls.t
            f["time"] = cls.days
            f["time"].attrs["units"] = "days since 2020-01-01 12:00:00"
            f["lat"] = cls.lat
            f["bad"] = RNG.normal(size=100)
            f["noleap"] = cls.days
            f["noleap"].attrs["units"] = "days since 2020-01-01"
            f["noleap"].attrs["calendar"] = "noleap"
            f["months"] = cls.days
            f["months"].attrs["units"] = "months since 2020-01-01"
            f["text"] = ["a"] * 100
            f["stations"] = cls.t[:6]
            for name, values in (("name", ["upsala", "Ås", "twice", "bergen", "twice", "b c"]), ("code", numpy.array([b"UPS", b"AS", b"T1", b"BE", b"T1", b""])),
                                 ("height", [7, 100.5, 7, -3, 0, 11])):
                f[name] = values
                f[name].make_scale(name)
                f["stations"].dims[0].attach_scale(f[name])
            f["index"] = cls.long
            f["long"] = cls.long[::-1]
            for unit, step in (("seconds", 86400), ("hours", 24), ("minutes", 1440), ("milliseconds", 86400_000)):
                f[unit] = cls.days * step
                f[unit].attrs["units"] = unit + " since 2020-01-01T12:00:00Z"
        with open(cls.server.data / "a.pickle", "wb") as f:
            pickle.dump({"t": cls.t, "time": cls.dates.to_numpy(), "lat": cls.lat, "s": cls.dates.to_numpy().astype("M8[s]")}, f)

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def get(self, path, sel, name="a.h5", **query):
        answer = self.server.get("/v1/data/" + name, format="npy", path=path, sel=sel, **query)
        self.assertEqual(200, answer.status, (sel, answer))
        return numpy.load(io.BytesIO(answer.body))

    def same(self, want, got, message=None):
        self.assertEqual(want.shape, got.shape, message)
        numpy.testing.assert_array_equal(want, got, message)

    RANGES = (("2020-01-10", "2020-02-01"), ("2020-02", "2020-02"), ("2020-01-02T06:00", "2020-01-03T12:00:00"), ("", "2020-01-05"),
              ("2020-03-01", ""), ("2019", "2020"), ("2021", ""), ("2020-01-01T12:00:00", "2020-01-01T12:00:00"))

    def test_times(self):
        series = pandas.Series(range(100), self.dates)
        for low, high in self.RANGES:
            want = self.t[series.loc[slice(low or None, high or None)].to_numpy()]
            for name, path, coordinate in (("a.h5", "/g/t", "time"), ("a.h5", "/plain", "time"), ("a.pickle", "/t", "time"), ("a.pickle", "/t", "s"),
                                           ("a.h5", "/plain", "hours"), ("a.h5", "/plain", "seconds"), ("a.h5", "/plain", "minutes"), ("a.h5", "/plain", "milliseconds")):
                self.same(want, self.get(path, f"{coordinate}:{low}..{high}", name), (low, high, name, coordinate))
        self.same(self.t[series.loc["2020-01-05"].to_numpy()], self.get("/g/t", "time:2020-01-05"))
        self.same(self.t[4:8], self.get("/g/t", "time:3..5.25"))

    def test_numbers(self):
        t, lat, lon = self.t, self.lat, self.lon
        self.same(t[:, (lat >= -15) & (lat <= 20)], self.get("/g/t", "lat:-15..20"))
        self.same(t[:, lat > 15], self.get("/g/t", "lat: 15 .. "))
        self.same(t[:, lat <= 10], self.get("/g/t", "lat:..10"))
        self.same(t[:, :0], self.get("/g/t", "lat:100..200"))
        self.same(t[:, 2], self.get("/g/t", "lat:20"))
        self.same(t[:, :, 3:5], self.get("/g/t", "lon:30"))
        self.same(t[1:3, 2, (lon >= 15) & (lon < 50)], self.get("/g/t", "lat:20, lon:15..45,time:0.75..1.5"))
        self.same(t[:, 2:5][::7, 1], self.get("/g/t", "lat:0..20", slice="::7,1"))
        self.same(t[:, 2], self.get("/t", "lat:20", "a.pickle"))
        self.same(numpy.arange(25).reshape(5, 5)[:, 1:3], self.get("/square", "x:1..2"))
        self.same(self.days[2:5], self.get("/time", "time:1.5..3"))

    def test_names(self):
        for sel, want in (("name:bergen", 3), ("name:Ås", 1), ("name:b c", 5), ("name:upsala..bergen", slice(0, 4)), ("name:bergen..", slice(3, None)),
                          ("name:..Ås", slice(0, 2)), ("name:bergen..upsala", slice(0, 0)), ("code:BE", 3), ("code:UPS..AS", slice(0, 2)),
                          ("height:100.5", 1), ("height:-3", 3), ("text:a", slice(None))):
            path, whole = ("/plain", self.t) if sel.startswith("text") else ("/stations", self.t[:6])
            with self.subTest(sel):
                numpy.testing.assert_array_equal(whole[want], self.get(path, sel))

    def test_long_ones_are_searched(self):
        self.same(self.long[::-1][50:61], self.get("/long", "index:100..120"))
        self.same(self.long[-3:], self.get("/long", f"long:{self.long[-3]}..{self.long[-1]}")[::-1])
        self.assertEqual(12, self.get("/index", "index:12"))

    def test_other_endpoints(self):
        stats = json.loads(self.server.get("/v1/stats/a.h5", path="/g/t", sel="lat:20,time:..3").body)
        self.assertEqual([5, 10], stats["shape"])
        answer = self.server.get("/v1/preview/a.h5", path="/g/t", sel="time:0")
        self.assertEqual(200, answer.status)
        got = json.loads(self.server.request("POST", "/v1/query/a.h5", json.dumps({"x": {"path": "/g/t", "sel": "time:0,lat:40"}})).body)
        self.assertEqual(self.t[0, 0].tolist(), numpy.array(got["x"], "f4").tolist())

    def test_what_is_wrong(self):
        for status, path, sel, offset in (
                (400, "/g/t", "time", 0), (400, "/g/t", ":1", 0), (400, "/g/t", "time:", 5), (400, "/g/t", "lat:1,,lon:2", 6), (400, "/g/t", "nothing:1", 0),
                (400, "/g/t", "lat:20,no:1", 7), (400, "/g/t", "lat:21", 0), (400, "/g/t", "lat:x", 0), (400, "/g/t", "lat:2020-01-01", 0),
                (400, "/g/t", "time:2020-13", 0), (400, "/g/t", "time:2020-02-30..", 0), (400, "/g/t", "time:2020-01-01T25", 0), (400, "/g/t", "time:..2020-01-01x", 0),
                (400, "/g/t", "lat:20,lat:10", 7), (400, "/plain", "bad:1", 0), (422, "/plain", "bad:1..2", None), (422, "/plain", "noleap:2020-01-01..", None), (422, "/plain", "months:2020..", None),
                (400, "/plain", "text:b", 0), (400, "/plain", "text:..b", 0), (400, "/stations", "name:up", 0), (422, "/stations", "name:twice", None),
                (422, "/stations", "height:7", None), (422, "/stations", "height:1..9", None), (400, "/stations", "height:8", 0), (400, "/stations", "name:", 5),
                (400, "/plain", "index:1", 0), (400, "/square", "square:1", 0), (422, "/g", "time:1", None),
                (400, "/g/t", "a:1," * 40, None), (400, "/g/t", "lat:1e", 0), (400, "/g/t", "lat:nan", 0)):
            answer = self.server.get("/v1/data/a.h5", path=path, sel=sel)
            self.assertEqual(status, answer.status, (sel, answer))
            if offset is not None:
                self.assertEqual(offset, json.loads(answer.body).get("offset"), (sel, answer))


if __name__ == "__main__":
    unittest.main()
