"""Rows and columns as CSV, with Python's csv and pandas as the judges."""

import csv
import datetime
import io
import json
import math
import pickle
import unittest

import numpy
import pandas

from mandoline import Server


def written(rows):
    """What csv.DictWriter makes of them: its names are those of all rows, in their first order."""
    out = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


class Rows(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.stop)

    def csv(self, value):
        return self.server.convert(pickle.dumps(value), "csv", "pickle").decode()

    def test_json_rows(self):
        rows = [{"id": 1, "name": "Ann", "score": 1.5}, {"id": 2, "name": 'B "x", y', "score": None}, {"id": 2**70, "new": True},
                {"name": "", "id": -5}, {}, {"ünï": "line\nfeed"}]
        text = self.server.convert(json.dumps(rows).encode(), "csv", "json").decode()
        self.assertEqual(written(rows), text)
        back = json.loads(self.server.convert(self.server.convert(json.dumps(rows[:2]).encode(), "csv", "json"), "json", "csv"))
        self.assertEqual(rows[:2], back)

    def test_rows_of_a_pickle(self):
        day = datetime.datetime(2020, 1, 2, 3, 4, 5)
        rows = ({"t": numpy.float32(0.1), "i": numpy.int16(-3), "d": numpy.datetime64("2020-01-01")}, {"t": 2, "d": day.isoformat()})
        self.assertEqual(written(rows), self.csv(rows))
        self.assertEqual(written(list(rows)), self.csv(list(rows)))
        self.assertEqual("when\n2020-01-02T03:04:05\n", self.csv([{"when": day}]))

    def test_the_answer_of_a_table_is_taken_back(self):
        frame = pandas.DataFrame({"a": [1, 2], "b": ["x", None], "c": [1.5, math.nan], "d": [True, False]})
        rows = self.server.convert(pickle.dumps(frame), "json", "pickle")
        self.assertEqual(frame.to_csv(index=False), self.server.convert(rows, "csv", "json").decode())

    def test_columns_with_gaps(self):
        columns = {"a": [1, None, 3], "b": ["x", "", None], "c": [0.5, 1, 2]}
        self.assertEqual("a,b,c\n1,x,0.5\n,,1.0\n3,,2.0\n", self.server.convert(json.dumps(columns).encode(), "csv", "json").decode())
        columns = {"a": ["x\0", "", "y"], "b": [2**70, 1, -5], "c": [1, "z", True]}
        self.assertEqual("a,b,c\nx\0,1180591620717411303424,1\n,1,z\ny,-5,True\n", self.server.convert(json.dumps(columns).encode(), "csv", "json").decode())
        self.assertEqual("1\n\"\"\n3\n", self.csv(numpy.ma.masked_array([1, 2, 3], [0, 1, 0])))

    def test_what_is_no_cell_is_refused_before_the_first_line(self):
        for value in ([{"a": 1}] * 100_000 + [{"a": [1]}], [{"a": {"b": 1}}], pandas.DataFrame({"a": [1] * 100_000 + [[2]]}), [{(1, 2): 3}],
                      [{}, {}], [{"a": 1}, [1]], numpy.array([(1, None), (2, {})], [("n", "i4"), ("o", "O")])):
            answer = self.server.request("POST", "/v1/convert", pickle.dumps(value), to="csv")
            self.assertEqual(422, answer.status, answer)
            self.assertIn(" can", json.loads(answer.body)["detail"])

    def test_arrays_of_objects_in_any_order(self):
        document = {"$ndarray": {"dtype": "|O", "shape": [2, 3], "order": "F", "data": [1, 2, 3, 4, 5, -6]}}
        server = Server()  # a stack that nothing else has used
        self.addCleanup(server.stop)
        self.assertEqual(b"1,2,3\n4,5,-6\n", server.convert(json.dumps(document).encode(), "csv", "typed"))
        square = numpy.array([[1, "two", None], [2.5, 2**70, True]], object)
        for array in (square, numpy.asfortranarray(square), square[:, ::-1], square.T):
            self.assertEqual("".join(",".join("" if x is None else str(x) for x in row) + "\n" for row in array), self.csv(array))
            document = self.server.convert(pickle.dumps(array), "typed", "pickle")
            self.assertEqual(self.csv(array), self.server.convert(document, "csv", "typed").decode())

    def test_bytes_that_are_empty(self):
        for value in (b"", [b"", b"a"], [b""]):
            for protocol in range(6):
                got = self.server.convert(pickle.dumps(value, protocol), "npy", "pickle")
                self.assertEqual(numpy.array(value).tobytes(), numpy.load(io.BytesIO(got)).tobytes())

    def test_rows_without_a_common_name_are_bounded(self):
        rows = json.dumps([{f"n{i}": i} for i in range(60_000)]).encode()
        answer = self.server.request("POST", "/v1/convert", rows, to="csv")
        self.assertEqual((413, "memory"), (answer.status, json.loads(answer.body)["limit"]))


if __name__ == "__main__":
    unittest.main()
