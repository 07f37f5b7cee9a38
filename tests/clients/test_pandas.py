"""pandas: frames, series and indexes are tables and arrays; what we write, pandas loads."""

import functools
import io
import json
import math
import pickle
import random
import unittest

import h5py
import numpy
import pandas
from pandas.testing import assert_frame_equal, assert_series_equal

from mandoline import Server

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
SEED = 20231


def columns(random, rows):
    """Kinds of columns, each with what may be missing in it."""
    pick = lambda *values: [random.choice(values) for _ in range(rows)]
    times = pandas.to_datetime(pick("2020-02-29 12:34:56.789", "1969-12-31", "2261-01-01 00:00:00.000000001", None))
    yield "ints", numpy.array(pick(1, -5, 2**62))
    yield "small", numpy.array(pick(1, 2, 255), "u1")
    yield "floats", numpy.array(pick(0.5, -1e300, math.nan))
    yield "singles", numpy.array(pick(0.1, 2.5), "f4")
    yield "bools", numpy.array(pick(True, False))
    yield "text", pick("a", "", "\u00e9\U0001f600", 'quo"te,', None)
    yield "mixed", pick(1, "x", 2.5, None, True)
    yield "times", times
    yield "zoned", times.tz_localize("UTC").tz_convert("Europe/Berlin")
    yield "utc", times.tz_localize("UTC")
    yield "spans", pandas.to_timedelta(pick(0, 123456789, -1, None))
    yield "categories", pandas.Categorical(pick("x", "y", None), categories=["z", "y", "x"])
    yield "ordered", pandas.Categorical(pick(3, 1, None), ordered=True)
    yield "Int64", pandas.array(pick(1, 2**60, None), dtype="Int64")
    yield "UInt8", pandas.array(pick(1, 200), dtype="UInt8")
    yield "boolean", pandas.array(pick(True, False, None), dtype="boolean")
    yield "Float64", pandas.array(pick(1.5, None), dtype="Float64")
    yield "string", pandas.array(pick("a", "b", None), dtype="string")
    yield "stamps", pandas.Series(pick(pandas.Timestamp("2020-01-01 01:02:03.5"), pandas.Timestamp("1999", tz="UTC"),
                                       pandas.NaT, 7), dtype=object)


def indexes(random, rows):
    yield pandas.RangeIndex(rows)
    yield pandas.RangeIndex(5, 5 - 2 * rows, -2, name="down")
    yield pandas.Index([f"r{i}" for i in range(rows)])
    yield pandas.Index(numpy.arange(rows) * 1.5, name="at")
    yield pandas.date_range("2020-01-01", periods=rows, freq="D", name="day")
    yield pandas.date_range("2020-01-01", periods=rows, freq="H", tz="America/New_York")
    yield pandas.CategoricalIndex([random.choice("ab") for _ in range(rows)], name="kind")
    yield pandas.MultiIndex.from_arrays([[random.choice("xyz") for _ in range(rows)], range(rows)], names=["letter", None])


def frames():
    chance = random.Random(SEED)
    for rows in (0, 1, 7):
        kinds = dict(columns(chance, rows))
        yield pandas.DataFrame(kinds)
        for index in indexes(chance, rows):
            chosen = chance.sample(sorted(kinds), 4)
            yield pandas.DataFrame({name: pandas.Series(kinds[name]).values for name in chosen}).set_axis(index)
    yield pandas.DataFrame()
    yield pandas.DataFrame(index=["a", "b"])
    yield pandas.DataFrame({0: [1, 2], 7: ["a", "b"]})
    yield pandas.DataFrame([[1, 2.5, 3]], columns=pandas.MultiIndex.from_tuples([("a", "x"), ("a", "y"), ("b", "x")]))
    yield pandas.DataFrame(numpy.arange(12).reshape(3, 4)).loc[:, ::2]
    yield pandas.DataFrame(numpy.asfortranarray(numpy.arange(12.0).reshape(3, 4)), columns=list("abcd"))
    frame = pandas.DataFrame({"a": [1], "b": ["x"]})
    frame.insert(1, "c", 2)  # blocks that do not lie together
    frame["d"] = 4
    yield frame
    yield frame.rename(columns={"a": "index"}).set_index("b").rename_axis(None)


def plain(value):
    """A cell as plain JSON says it."""
    if value is None or value is pandas.NA or value is pandas.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, pandas.Timestamp):
        return value.isoformat()
    if isinstance(value, numpy.generic):
        return plain(value.item())
    return value


def instant(value):
    return None if pandas.isna(value) else str(numpy.datetime_as_string(pandas.Timestamp(value).to_datetime64(), "ns"))


def cells(column):
    """A column: times are those of UTC, in nanoseconds; durations count nanoseconds."""
    if column.dtype.kind == "M":
        return [instant(value) for value in column]
    if column.dtype.kind == "m":
        return [None if pandas.isna(value) else value.value for value in column]
    if column.dtype == "f4":
        return [float(str(value)) for value in column.to_numpy()]
    return [plain(value) for value in column]


def default(index):
    return isinstance(index, pandas.RangeIndex) and index.start == 0 and index.step == 1 and index.name is None


def key(label):
    return label if isinstance(label, str) else json.dumps(label if isinstance(label, tuple) else int(label),
                                                             separators=(",", ":"))


def flat(frame):
    """[name, cells] of each column, an index first."""
    if not default(frame.index):
        frame = frame.reset_index()
    return [[key(frame.columns[i]) if frame.columns.nlevels == 1 or frame.columns[i][1:] != ("",) * (frame.columns.nlevels - 1)
             else frame.columns[i][0], cells(frame.iloc[:, i])] for i in range(frame.shape[1])]


class Pandas(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def json(self, body, **query):
        return json.loads(self.server.convert(body, "json", "pickle", **query))

    def test_frames_are_records_columns_or_split(self):
        for number, frame in enumerate(frames()):
            for protocol in PROTOCOLS:
                with self.subTest(number=number, protocol=protocol):
                    body, expected = pickle.dumps(frame, protocol), flat(frame)
                    rows = [dict(zip([name for name, _ in expected], row)) for row in zip(*(values for _, values in expected))]
                    self.assertEqual(self.json(body), rows or [{}] * len(frame) * (frame.shape[1] > 0))
                    self.assertEqual(self.json(body, table="columns"), dict(expected))
                    split = self.json(body, table="split")
                    self.assertEqual(split["data"], [list(row) for row in zip(*(cells(frame.iloc[:, i]) for i in range(frame.shape[1])))]
                                     or [[]] * len(frame))
                    self.assertEqual([key(tuple(label) if isinstance(label, list) else label) for label in split["columns"]],
                                     [key(label) for label in frame.columns])
                    levels = [cells(frame.index.get_level_values(i).to_series()) for i in range(frame.index.nlevels)]
                    self.assertEqual(split["index"], levels[0] if len(levels) == 1 else [list(row) for row in zip(*levels)])

    def test_what_pandas_itself_says_is_the_same(self):
        frame = pandas.DataFrame({"a": [1, 2], "b": ["x", None], "c": [1.5, math.nan], "d": [True, False]})
        body = pickle.dumps(frame)
        for orient in ("records", "split"):
            self.assertEqual(self.json(body, table=orient), json.loads(frame.to_json(orient=orient)))

    def test_two_columns_of_one_name(self):
        frame = pandas.DataFrame([[1, 2], [3, 4]], columns=["x", "x"])
        body = pickle.dumps(frame)
        self.assertEqual(self.json(body, table="split"), json.loads(frame.to_json(orient="split")))
        answer = self.server.request("POST", "/v1/convert", body, to="json")
        self.assertEqual(answer.status, 422, answer)

    def test_typed_json_brings_frames_back(self):
        for number, frame in enumerate(frames()):
            for protocol in PROTOCOLS:
                with self.subTest(number=number, protocol=protocol):
                    typed = self.server.convert(pickle.dumps(frame, protocol), "typed", "pickle")
                    again = pickle.loads(self.server.convert(typed, "pickle", "typed", protocol=protocol))
                    assert_frame_equal(again, frame)

    def test_series_and_indexes(self):
        for rows in (0, 3):
            for name, values in columns(random.Random(SEED), rows):
                for protocol in PROTOCOLS:
                    with self.subTest(name=name, protocol=protocol):
                        series = pandas.Series(values, name=name).copy()
                        self.assertEqual(self.json(pickle.dumps(series, protocol)), cells(series))
                        if not isinstance(values, list):
                            self.assertEqual(self.json(pickle.dumps(series.array, protocol)), cells(series))
                        series.index = [f"r{i}" for i in range(rows)]
                        self.assertEqual(self.json(pickle.dumps(series, protocol)),
                                         [{"index": f"r{i}", name: cell} for i, cell in enumerate(cells(series))])
            for index in indexes(random.Random(SEED), rows):
                if index.nlevels == 1:
                    self.assertEqual(self.json(pickle.dumps(index)), cells(index.to_series()))
        index = pandas.MultiIndex.from_product([["a", "b"], [1, 2]], names=["x", "y"])
        self.assertEqual(self.json(pickle.dumps(index)), index.to_frame(index=False).to_dict("records"))

    def test_scalars(self):
        for value, expected in [(pandas.Timestamp("2020-01-01 01:02:03.4"), "2020-01-01T01:02:03.400000"),
                                (pandas.Timestamp("2020-01-01", tz="UTC"), "2020-01-01T00:00:00+00:00"),
                                (pandas.Timestamp("2020-07-01", tz="Europe/Berlin"), "2020-06-30T22:00:00Z[Europe/Berlin]"),
                                (pandas.Timestamp("1677-09-22"), "1677-09-22T00:00:00"), (pandas.NaT, None),
                                (pandas.Timedelta("1d 2h 3.5s"), "P1DT2H3.5S"), (pandas.Timedelta(0), "PT0S"),
                                (pandas.Timedelta("-1ns"), "-PT0.000000001S")]:
            for protocol in PROTOCOLS:
                self.assertEqual(self.json(pickle.dumps(value, protocol)), expected)

    def test_paths_and_slices(self):
        frame = pandas.DataFrame({"price": [1.5, 2.5, 3.5], "name": ["a", "b", "c"]}, index=pandas.Index([7, 8, 9], name="id"))
        body = pickle.dumps({"df": frame, "plain": frame.reset_index(drop=True)})
        for path, expected in [("/df/price", [1.5, 2.5, 3.5]), ("/df/columns/price", [1.5, 2.5, 3.5]),
                               ("/df/index", [7, 8, 9]), ("/df/id", [7, 8, 9]), ("/plain/index", [0, 1, 2]),
                               ("/df/columns", frame.to_dict("list"))]:
            self.assertEqual(self.json(body, path=path), expected)
        self.assertEqual(self.json(body, path="/df", slice="::-2"), frame[::-2].reset_index().to_dict("records"))
        self.assertEqual(self.json(body, path="/df", slice="[2,0]", table="columns"), frame.iloc[[2, 0]].reset_index().to_dict("list"))
        self.assertEqual(self.json(body, path="/df", fields="name"), frame[["name"]].reset_index().to_dict("records"))
        self.assertEqual(self.json(body, path="/df", slice="-1"), {"id": 9, "price": 3.5, "name": "c"})
        self.assertEqual(self.json(body, path="/df/price", slice="1"), 2.5)
        twins = pickle.dumps(pandas.DataFrame([[1, 2]], columns=["x", "x"]))
        self.assertEqual(self.server.request("POST", "/v1/convert", twins, to="pickle", slice="0").status, 422)
        for wrong in ("3", "0,0", ":,1"):
            answer = self.server.request("POST", "/v1/convert", body, to="json", path="/df", slice=wrong)
            self.assertEqual(answer.status, 400, answer)

    # ---- other formats ----

    def test_csv(self):
        frame = pandas.DataFrame({"a": [1, 2], "b": ["x,", None], "c": [1.5, math.nan], "d": [True, False]})
        for index in (frame.index, pandas.Index([5, 6], name="id")):
            frame.index = index
            body = pickle.dumps(frame)
            self.assertEqual(self.server.convert(body, "csv").decode(), frame.to_csv(index=not default(index)))
            again = pickle.loads(self.server.convert(frame.to_csv(index=False).encode(), "pickle", "csv"))
            assert_frame_equal(again, pandas.read_csv(io.StringIO(frame.to_csv(index=False))))

    def test_csv_becomes_what_read_csv_makes_of_it(self):
        for text in ("a,b\n1,2\n", "a,b\n1,\n,2.5\n", "x,y,z\nu,1,True\n,2,False\n", "a,b\n1,inf\n2,nan\n", "a,b,c\n1,,x\n2,,y\n",
                     'a,"b ""c"""\n1,"x\ny"\n', "a,b\nc,d\n", "a\nb\n", "a,b\n", "a,b\n,\n,\n", "1,b\n2,c\n", "a,a\n1,2\n",
                     "a,a.1,a,a\n1,2,3,x\n", "a.1,a,a,a.1\n1,2,3,x\n", ",a,\n1,2,x\n", "Unnamed: 1,,a\n1,2,x\n", "a,a,a,a.2,a.2,\nx,1,2,3,4,5\n",
                     "x,x,x.1,x.1,x.1.1,x.2,x\n1,2,3,4,5,6,q\n"):
            for protocol in PROTOCOLS:
                again = pickle.loads(self.server.convert(text.encode(), "pickle", "csv", protocol=protocol))
                assert_frame_equal(again, pandas.read_csv(io.StringIO(text)), check_index_type="equiv" if len(again) else False)

    def test_the_header_of_csv_is_asked_for(self):
        for text in ("1,2\n3,4\n", "1\n2\n", "x,y\n1,2\n"):
            again = pickle.loads(self.server.convert(text.encode(), "pickle", "csv", header="yes"))
            assert_frame_equal(again, pandas.read_csv(io.StringIO(text)))
        self.assertEqual(pickle.loads(self.server.convert(b"1,2\n3,4\n", "pickle", "csv")).tolist(), [[1, 2], [3, 4]])
        self.assertEqual(pickle.loads(self.server.convert(b"1,2\n3,4\n", "pickle", "csv", header="no")).tolist(), [[1, 2], [3, 4]])
        self.assertEqual(pickle.loads(self.server.convert(b"a,2\n3,b\n", "pickle", "csv", header="no")), [["a", "2"], ["3", "b"]])

    def text(self, value, protocol):
        return json.loads(self.server.convert(pickle.dumps(value, protocol), "json", "pickle"))

    def same(self, value, protocol):
        back = pickle.loads(self.server.convert(self.server.convert(pickle.dumps(value, protocol), "typed", "pickle"), "pickle", "typed", protocol=protocol))
        self.assertEqual((type(back), repr(back), getattr(back, "dtype", None)), (type(value), repr(value), getattr(value, "dtype", None)))

    def test_periods_are_text(self):
        frequencies = ["A", "A-MAR", "Q", "Q-JAN", "Q-FEB", "M", "3M", "W", "B", "D", "2D", "H", "T", "S", "L", "U", "N"]
        frequencies += [f"W-{day}" for day in ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")]
        for frequency in frequencies:
            for start in ("1969-12-24", "1970-01-01", "2020-02-26 23:59:58.987654321", "1900-03-01", "2200-11-11"):
                periods = pandas.period_range(start, periods=9, freq=frequency)
                with self.subTest(frequency=frequency, start=start):
                    for value in (periods, periods.array, pandas.Series(periods)):
                        self.assertEqual(self.text(value, 4), [str(period) for period in periods])
                    self.assertEqual(self.text(list(periods), 2), [str(period) for period in periods])
                    for protocol in PROTOCOLS:
                        self.same(periods, protocol)
        gap = pandas.PeriodIndex(["2020-01", None], freq="M", name="month")
        self.assertEqual(self.text(gap, 4), ["2020-01", None])
        frame = pandas.DataFrame({"p": gap, "n": [1, 2], "q": gap + 1}, index=gap + 2)
        self.assertEqual(self.text(frame, 4), [{"month": "2020-03", "p": "2020-01", "n": 1, "q": "2020-02"}, {"month": None, "p": None, "n": 2, "q": None}])
        self.assertEqual(self.server.convert(pickle.dumps(frame), "csv", "pickle", path="/n").strip(), b"1\n2")
        self.assertEqual(self.text(pandas.offsets.MonthEnd(2), 4)["$class"], "pandas._libs.tslibs.offsets.MonthEnd")

    def test_intervals_are_text(self):
        for closed in ("left", "right", "both", "neither"):
            for left, right in ((0, 1), (-1.5, 2.25), (0, 1e300)):
                interval = pandas.Interval(left, right, closed)
                self.assertEqual(self.text(interval, 4), str(interval))
                self.same(interval, 4)
            for breaks in ([0, 1, 5], [0.5, 1.25, 2]):
                index = pandas.IntervalIndex.from_breaks(breaks, closed=closed)
                for value in (index, index.array, pandas.Series(index)):
                    self.assertEqual(self.text(value, 4), [str(interval) for interval in index])
                for protocol in PROTOCOLS:
                    self.same(index, protocol)
        cut = pandas.cut(pandas.Series([1, 5, None, 9.5]), 3)
        self.assertEqual(self.text(cut, 4), [None if part is numpy.nan else str(part) for part in cut])
        self.assertEqual(self.text(pandas.arrays.IntervalArray.from_tuples([(0, 1), numpy.nan]), 4), ["(0.0, 1.0]", None])
        day = pandas.Interval(pandas.Timestamp("2020-01-01"), pandas.Timestamp("2020-01-02"))
        self.assertEqual(self.text(day, 4), "(2020-01-01T00:00:00, 2020-01-02T00:00:00]")
        days = pandas.IntervalIndex([day, None, pandas.Interval(day.right, pandas.Timestamp("2020-01-02T00:00:00.000000001"))])
        said = ["(2020-01-01T00:00:00, 2020-01-02T00:00:00]", None, "(2020-01-02T00:00:00, 2020-01-02T00:00:00.000000001]"]
        for value in (days, days.array, pandas.Series(days)):
            self.assertEqual(self.text(value, 4), said)

    def test_frames_may_have_intervals_for_an_index(self):
        """What grouping by pandas.cut() and value_counts(bins=...) give."""
        breaks = pandas.IntervalIndex.from_breaks([0, 1, 2.5])
        counted = pandas.Series([0.5, 1.5, 2]).value_counts(bins=[0, 1, 2.5])
        for protocol in PROTOCOLS:
            self.assertEqual(self.text(pandas.Series([1, 2], breaks), protocol),
                             [{"index": "(0.0, 1.0]", "0": 1}, {"index": "(1.0, 2.5]", "0": 2}])
            self.assertEqual(self.text(pandas.DataFrame({"n": [1, 2]}, breaks), protocol),
                             [{"index": "(0.0, 1.0]", "n": 1}, {"index": "(1.0, 2.5]", "n": 2}])
            self.assertEqual(self.text(pandas.DataFrame([[1, 2]], columns=breaks), protocol), [{"(0.0, 1.0]": 1, "(1.0, 2.5]": 2}])
            self.assertEqual(self.text(counted, protocol), [{"index": str(part), "0": n} for part, n in counted.items()])
            self.same(counted, protocol)

    def test_sparse_columns_are_dense(self):
        for values, fill in (([0, 0, 1, 2, 0], 0), ([0.0, 1.5, 0.0], 0.0), ([1.5, math.nan, 2.0, 3.0], math.nan), ([True, False], False),
                             ([], 0), ([1, 1, 1], 1), (numpy.array([0, 7, 0], "i2"), 0), (numpy.array([0, 7, 0], "f4"), 0)):
            for kind in ("integer", "block"):
                array = pandas.arrays.SparseArray(values, kind=kind, fill_value=fill)
                dense = [None if value != value else value for value in numpy.asarray(array).tolist()]
                for value in (array, pandas.Series(array)):
                    self.assertEqual(self.text(value, 4), dense)
                for protocol in PROTOCOLS:
                    self.same(array, protocol)
        frame = pandas.DataFrame({"s": pandas.arrays.SparseArray([0, 0, 3]), "n": [1, 2, 3]})
        self.assertEqual(self.text(frame, 4), [{"s": 0, "n": 1}, {"s": 0, "n": 2}, {"s": 3, "n": 3}])

    def test_npy_and_hdf5(self):
        frame = pandas.DataFrame({"a": [1, 2], "b": ["x", "yz"], "c": [1.5, math.nan], "d": [True, False],
                                  "e": pandas.to_datetime(["2020-01-01", None])})
        for index in (frame.index, pandas.Index([5, 6], name="id"), pandas.Index(["p", "q"]),
                      pandas.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["l", None])):
            frame.index = index
            body = pickle.dumps(frame)
            records = numpy.load(io.BytesIO(self.server.convert(body, "npy")))
            expected = (frame if default(index) else frame.reset_index()).to_records(index=False)
            self.assertEqual(records.dtype.names, expected.dtype.names)
            for name in records.dtype.names:
                numpy.testing.assert_array_equal(records[name], expected[name])
            stored = self.server.convert(body, "hdf5")
            with h5py.File(io.BytesIO(stored)) as file:
                numpy.testing.assert_array_equal(file["c"][:], frame.c)
                self.assertEqual(file["b"].asstr()[:].tolist(), ["x", "yz"])
            assert_frame_equal(pickle.loads(self.server.convert(stored, "pickle")), frame)
            series = pickle.loads(self.server.convert(self.server.convert(pickle.dumps(frame.a), "hdf5"), "pickle"))
            assert_series_equal(series, frame.a)

    # ---- tables that we write ----

    def table(self, frame, protocol):
        """By way of HDF5, which keeps the table and not the object."""
        return pickle.loads(self.server.convert(self.server.convert(pickle.dumps(frame), "hdf5", "pickle"), "pickle",
                                                protocol=protocol))

    def test_pandas_loads_tables(self):
        for number, frame in enumerate(frames()):
            frame = frame.drop(columns=[name for name in frame.columns if name == "stamps"])
            for protocol in PROTOCOLS:
                with self.subTest(number=number, protocol=protocol):
                    again = self.table(frame, protocol)
                    self.assertEqual(again.shape, frame.shape)
                    self.assertEqual(list(again.columns), list(frame.columns))
                    self.assertEqual(list(again.index.names), list(frame.index.names))
                    self.assertEqual([cells(again.iloc[:, i]) for i in range(again.shape[1])],
                                     [cells(frame.iloc[:, i]) for i in range(frame.shape[1])])
                    for i in range(frame.shape[1]):
                        if isinstance(frame.iloc[:, i].dtype, numpy.dtype):
                            self.assertEqual(again.iloc[:, i].dtype, frame.iloc[:, i].dtype)

    def test_tables_of_typed_json(self):
        document = {"$table": {"rows": 2, "index": [["k", ["p", "q"]]], "columns": [["a", [1, 2]], ["b", ["x", None]]]}}
        for protocol in PROTOCOLS:
            frame = pickle.loads(self.server.convert(json.dumps(document).encode(), "pickle", "typed", protocol=protocol))
            assert_frame_equal(frame, pandas.DataFrame({"a": [1, 2], "b": ["x", None]}, dtype=object,
                                                       index=pandas.Index(["p", "q"], name="k")))
            frame.loc["r"] = [3, "z"]  # what was loaded is whole: it can be worked with
            self.assertEqual(frame.shape, (3, 2))

    # ---- pickles of other versions ----

    def test_forms_of_other_versions(self):
        expected = [{"a": 1, "b": "x", "c": 1.5}, {"a": 2, "b": None, "c": None}]
        for name, body in other_versions():
            with self.subTest(name):
                self.assertEqual(self.json(body), expected)

    # ---- what does not fit ----

    def test_frames_that_lie_stay_objects(self):
        for name, body in liars():
            with self.subTest(name):
                typed = json.loads(self.server.convert(body, "typed", "pickle"))
                typed = typed["$id"][1] if "$id" in typed else typed
                module, cls = typed["$object"]["callable"]["$global"]
                self.assertEqual((module.partition(".")[0], cls), ("pandas", "Series" if name[0] == "S" else "DataFrame"))
                answer = self.server.request("POST", "/v1/convert", body, to="json", from_="pickle")
                # ranges of 2**62 numbers are too long, and what contains itself is no JSON
                self.assertEqual(answer.status, 413 if "2**62" in name else 422 if "the frame" in name else 200, answer)
                if answer.status == 200:
                    self.assertEqual(json.loads(answer.body)["$class"], f"{module}.{cls}")
                tree = self.server.request("POST", "/v1/inspect", body, from_="pickle", depth=1)
                self.assertEqual(json.loads(tree.body)["tree"]["type"], cls)

    def test_a_frame_that_contains_itself(self):
        frame = pandas.DataFrame({"a": [1, 2], "b": [None, "x"]})
        frame.at[0, "b"] = frame
        body = pickle.dumps(frame)
        for to, status in (("json", 422), ("csv", 422), ("npy", 422), ("hdf5", 200), ("typed", 200), ("pickle", 200)):
            answer = self.server.request("POST", "/v1/convert", body, to=to)
            self.assertEqual(answer.status, status, (to, answer))
        again = pickle.loads(self.server.convert(self.server.convert(body, "hdf5"), "pickle"))
        self.assertIs(again.at[0, "b"]._mgr, again._mgr)

    def test_marks_in_hdf5_that_lie(self):
        def file(mark, **members):
            out = io.BytesIO()
            with h5py.File(out, "w", track_order=True) as f:
                group = f.create_group("t", track_order=True)
                group.attrs["mandoline:type"] = mark
                for name, value in members.items():
                    group[name] = group if value is None else value
            return out.getvalue()

        for mark, members in [("table:1", {}), ("table:2", {"a": [1]}), ("table:", {"a": [1]}), ("table:-1", {"a": [1]}),
                              ("table:x", {"a": [1]}), ("table:0", {"a": [1, 2], "b": [1]}), ("table:0", {"a": [[1]]}),
                              ("table:0", {"a": 1}), ("table:0", {"a": None}), ("table:0", {"a": "text"}),
                              ("series:0", {"a": [1], "b": [1]}), ("series:1", {"a": [1]}), ("columns", {"rows": 1}),
                              ("columns", {"labels": [1], "values": [1]}), ("table", {"a": [1]}),
                              ("table:99999999999999999999", {"a": [1]})]:
            for to in ("json", "pickle", "typed"):
                answer = self.server.request("POST", "/v1/convert", file(mark, **members), to=to)
                self.assertEqual(answer.status, 400, (mark, members, answer))
        self.assertEqual(json.loads(self.server.convert(file("table:1", index=[5, 6], a=[1.5, 2]), "json", "hdf5")),
                         {"t": [{"index": 5, "a": 1.5}, {"index": 6, "a": 2.0}]})

    def test_mutations_do_no_harm(self):
        chance = random.Random(SEED)
        bodies = [pickle.dumps(frame, chance.choice(PROTOCOLS)) for frame in list(frames())[:12]]
        bodies += [body for _, body in other_versions()]
        for _ in range(1500):
            body = bytearray(chance.choice(bodies))
            for _ in range(chance.randint(1, 3)):
                body[chance.randrange(len(body))] = chance.randrange(256)
            for to in ("json", "csv"):
                answer = self.server.request("POST", "/v1/convert", bytes(body), to=to, from_="pickle")
                self.assertIn(answer.status, (200, 400, 413, 422), answer)


# ---- stand-ins for classes of other versions: they are pickled under names that pandas had ----

class Stand:
    """Pickled as it is told: a class or function by name (or another stand-in), arguments, a state."""

    def __init__(self, name, arguments=(), state=None, new=False):
        self.name, self.arguments, self.state, self.new = name, tuple(arguments), state, new


@functools.lru_cache(None)
def named(name):
    module, _, attribute = name.rpartition(".")
    return type(attribute, (), {"__module__": module, "__qualname__": attribute})


class Pickler(pickle._Pickler):
    """Writes names without looking whether they are there."""

    dispatch = dict(pickle._Pickler.dispatch)

    def save_global(self, obj, name=None):
        module, name = obj.__module__, obj.__qualname__
        self.write(pickle.GLOBAL + f"{module}\n{name}\n".encode())
        self.memoize(obj)

    dispatch[type] = save_global

    def save_stand(self, obj):
        self.save(named(obj.name) if isinstance(obj.name, str) else obj.name)
        self.save(obj.arguments)
        self.write(pickle.NEWOBJ if obj.new else pickle.REDUCE)
        self.memoize(obj)
        if obj.state is not None:
            self.save(obj.state)
            self.write(pickle.BUILD)

    dispatch[Stand] = save_stand


def dumps(value, protocol=2):
    out = io.BytesIO()
    Pickler(out, protocol).dump(value)
    return out.getvalue()


def index_of(values, cls="pandas.core.indexes.base.Index", name=None):
    return Stand("pandas.core.indexes.base._new_Index", (named(cls), {"data": numpy.array(values), "name": name}))


def rows_of(count):
    return Stand("pandas.core.indexes.base._new_Index",
                 (named("pandas.core.indexes.range.RangeIndex"), {"name": None, "start": 0, "stop": count, "step": 1}))


LABELS = numpy.array(["a", "b", "c"], object)
BLOCKS = [(numpy.array([[1, 2]]), slice(0, 1, 1)), (numpy.array([["x", None]], object), slice(1, 2, 1)),
          (numpy.array([[1.5, math.nan]]), slice(2, 3, 1))]


def old_frame(blocks=BLOCKS, labels=LABELS, rows=2, attribute="_data", cls="pandas.core.frame.DataFrame", axes=None):
    axes = axes or [index_of(labels), rows_of(rows)]
    state = (axes, [values for values, _ in blocks], [], {"0.14.1": {
        "axes": axes, "blocks": [{"values": values, "mgr_locs": where} for values, where in blocks]}})
    manager = Stand("pandas.core.internals.managers.BlockManager", (), state, new=True)
    return Stand(cls, (), {attribute: manager, "_typ": "dataframe", "_metadata": []}, new=True)


def new_frame(block, manager="pandas.core.internals.managers.BlockManager", cls="pandas.core.frame.DataFrame",
              blocks=BLOCKS, axes=None):
    axes = axes or [index_of(LABELS), rows_of(2)]
    mgr = Stand(manager, (tuple(block(*b) for b in blocks), axes))
    return Stand(cls, (), {"_mgr": mgr, "_typ": "dataframe", "_metadata": [], "attrs": {}, "_flags": {}}, new=True)


def partial_block(values, where):
    new = named("pandas.core.internals.blocks.new_block")
    partial = Stand("functools.partial", (new,), (new, (), {"ndim": 2}, None))
    return Stand(partial, (values, where))


def unpickle_block(values, where):
    return Stand("pandas._libs.internals._unpickle_block", (values, where, 2))


def backed(cls, dtype, data):
    return Stand("pandas._libs.arrays.__pyx_unpickle_NDArrayBacked", (named(cls), 82904607, None), (dtype, data, {}))


def other_versions():
    listed = [(values, numpy.arange(where.start, where.stop)) for values, where in BLOCKS]
    yield "0.25: _data", dumps(old_frame())
    yield "1.1: _mgr", dumps(old_frame(attribute="_mgr"))
    yield "0.25, places listed", dumps(old_frame(listed))
    yield "0.25, one block of two columns", dumps(old_frame(
        [(numpy.array([[1, 2], [1.5, None]], object), slice(0, 4, 2)), BLOCKS[1]]))
    yield "1.3: partial(new_block)", dumps(new_frame(partial_block))
    yield "1.4", dumps(new_frame(unpickle_block))
    yield "2.x: Index in place of Int64Index", dumps(new_frame(unpickle_block))
    yield "3.0: names from the top", dumps(new_frame(unpickle_block, cls="pandas.DataFrame", axes=[
        index_of(LABELS, "pandas.Index"), Stand("pandas.core.indexes.base._new_Index", (
            named("pandas.RangeIndex"), {"name": None, "start": 0, "stop": 2, "step": 1}))]))
    dtype = Stand("pandas.core.dtypes.dtypes.CategoricalDtype", (), {"categories": index_of(numpy.array(["y", "x"], object)),
                                                                    "ordered": False}, new=True)
    codes = numpy.array([1, -1], "i1")
    old = Stand("pandas.core.arrays.categorical.Categorical", (), {"_codes": codes, "_dtype": dtype}, new=True)
    yield "1.2: Categorical as its state", dumps(old_frame([BLOCKS[0], (old, slice(1, 2, 1)), BLOCKS[2]]))
    now = backed("pandas.Categorical", dtype, codes)
    yield "3.0: Categorical", dumps(new_frame(unpickle_block, blocks=[BLOCKS[0], (now, slice(1, 2, 1)), BLOCKS[2]]))


def liars():
    def blocks(*changed):
        return list(changed)

    int_block, text_block, float_block = BLOCKS
    yield "a column is missing", dumps(old_frame(BLOCKS[:2]))
    yield "two blocks for one column", dumps(old_frame([int_block, text_block, (float_block[0], slice(1, 2, 1))]))
    yield "one block too many", dumps(old_frame(BLOCKS + [(float_block[0], slice(2, 3, 1))]))
    yield "a place out of range", dumps(old_frame([int_block, text_block, (float_block[0], slice(3, 4, 1))]))
    yield "a place below 0", dumps(old_frame([int_block, text_block, (float_block[0], slice(-1, 0, 1))]))
    yield "a list with a place out of range", dumps(old_frame([int_block, text_block, (float_block[0], numpy.array([2**62]))]))
    yield "a list with a place below 0", dumps(old_frame([int_block, text_block, (float_block[0], numpy.array([-1]))]))
    yield "a step of 0", dumps(old_frame([int_block, text_block, (float_block[0], slice(2, 3, 0))]))
    yield "huge places", dumps(old_frame([int_block, text_block, (float_block[0], slice(2, 2**62, 2**61))]))
    yield "a place that is no number", dumps(old_frame([int_block, text_block, (float_block[0], slice("a", "b", 1))]))
    yield "more places than rows", dumps(old_frame([int_block, text_block, (float_block[0], slice(2, 4, 1))]))
    yield "a column is too short", dumps(old_frame([int_block, text_block, (numpy.array([[1.5]]), slice(2, 3, 1))]))
    yield "a column is too long", dumps(old_frame([int_block, text_block, (numpy.zeros((1, 3)), slice(2, 3, 1))]))
    yield "values of three dimensions", dumps(old_frame([int_block, text_block, (numpy.zeros((1, 1, 2)), slice(2, 3, 1))]))
    yield "values that are no array", dumps(old_frame([int_block, text_block, ([1, 2], slice(2, 3, 1))]))
    yield "other labels than columns", dumps(old_frame(labels=LABELS[:2]))
    yield "other rows than the index", dumps(old_frame(rows=3))
    yield "an index of 2**62 rows", dumps(old_frame(rows=2**62))
    yield "2**62 columns", dumps(old_frame(axes=[rows_of(2**62), rows_of(2)]))
    yield "no axes", dumps(old_frame(axes=[index_of(LABELS)]))
    yield "an index that is a number", dumps(old_frame(axes=[index_of(LABELS), 5]))
    yield "no manager", dumps(Stand("pandas.core.frame.DataFrame", (), {"_typ": "dataframe"}, new=True))
    yield "a manager that is a number", dumps(Stand("pandas.core.frame.DataFrame", (), {"_mgr": 5, "_typ": "x"}, new=True))
    level = index_of(numpy.array(["p", "q"], object))
    for name, codes in (("too big", [0, 2]), ("too small", [0, -2]), ("too few", [0])):
        multi = Stand("pandas.core.indexes.base._new_Index", (named("pandas.core.indexes.multi.MultiIndex"), {
            "levels": [level, level], "codes": [numpy.array([0, 1], "i1"), numpy.array(codes, "i1")], "names": [None, "x"]}))
        yield f"codes of an index are {name}", dumps(old_frame(axes=[index_of(LABELS), multi]))
    dtype = Stand("pandas.core.dtypes.dtypes.CategoricalDtype", (), {"categories": level, "ordered": False}, new=True)
    for codes in ([0, 2], [0, -2]):
        values = backed("pandas.core.arrays.categorical.Categorical", dtype, numpy.array(codes, "i1"))
        yield "codes out of range", dumps(old_frame([int_block, text_block, (values, slice(2, 3, 1))]))
    mask = Stand("pandas.core.arrays.integer.IntegerArray", (), {"_data": numpy.array([1, 2]), "_mask": numpy.array([True])}, new=True)
    yield "a mask of another length", dumps(old_frame([int_block, text_block, (mask, slice(2, 3, 1))]))
    loop = old_frame()
    loop.state["_data"].state[3]["0.14.1"]["axes"] = [index_of(LABELS), loop]
    yield "an index that is the frame", dumps(loop)
    loop = old_frame([int_block, text_block, ([], slice(2, 3, 1))])
    loop.state["_data"].state[3]["0.14.1"]["blocks"][2]["values"] = loop
    yield "values that are the frame", dumps(loop)
    axes, body = [rows_of(2)], {"values": numpy.zeros(3), "mgr_locs": slice(0, 3, 1)}
    manager = Stand("pandas.core.internals.managers.SingleBlockManager", (), (axes, [], [], {"0.14.1": {"axes": axes, "blocks": [body]}}), new=True)
    yield "Series longer than its index", dumps(Stand("pandas.core.series.Series", (), {"_mgr": manager, "name": None}, new=True))


if __name__ == "__main__":
    unittest.main()
