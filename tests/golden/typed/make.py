#!/usr/bin/python3
"""Makes the cases beside it: documents of typed JSON, and what Python, json and NumPy say that they hold.

y_NAME.in is a document as we write it; y_NAME.out is its value as plain JSON, made by json.dumps of what
NumPy's arrays and scalars hold. n_NAME.in is refused; n_NAME.pointer is the place that is wrong.
"""
import base64
import json
import math
import pathlib

import numpy
import pandas
from numpy.lib.format import dtype_to_descr

HERE = pathlib.Path(__file__).parent


def text64(data):
    return base64.b64encode(data).decode()


def dumps(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def short(number):
    """A float as the shortest decimal for its own width."""
    number = float(number) if number.dtype.itemsize > 8 else number
    value = float(str(number))
    return value if math.isfinite(value) else None


def plain(a):
    """An array as plain JSON writes it."""
    if a.ndim:
        return [plain(part) for part in a]
    kind = a.dtype.kind
    if a.dtype.names:
        return {name: plain(numpy.asarray(a[name])) for name in a.dtype.names}
    if kind == "f":
        return short(a[()])
    if kind == "c":
        return [short(a.real[()]), short(a.imag[()])]
    if kind == "S":
        try:
            return a.item().decode()
        except UnicodeDecodeError:
            return text64(a.item())
    if kind == "V":
        return text64(a.tobytes())
    if kind in "mM":
        count = int(a.view("i8")) if a.dtype.isnative else int(a.astype(a.dtype.newbyteorder("=")).view("i8"))
        if numpy.isnat(a):
            return None
        return count if kind == "m" or a.dtype == "M8" else str(numpy.datetime_as_string(a))
    return a.item()


f = pandas.DataFrame({"a": [1, 2, 3], "b": [0.5, None, 2.0], "c": ["x", "y,", ""]})
f.b = f.b.fillna(-1.0)


def table(frame, index, columns):
    """A frame with levels and columns of these names, as we write it."""
    levels = [frame.index.get_level_values(i) for i in range(frame.index.nlevels)] if index else []
    pairs = [[name, typed_column(numpy.asarray(level))] for name, level in zip(index, levels)]
    members = {"rows": len(frame), "index": pairs,
               "columns": [[name, typed_column(frame.iloc[:, i].values)] for i, name in enumerate(columns)]}
    return {"$table": {name: member for name, member in members.items() if member != []}}


def series(s, index, name):
    members = table(s.to_frame(), index, [name])["$table"]
    return {"$table": {"rows": members.pop("rows"), "series": True, **members}}


def typed_column(a):
    if a.dtype != object:
        return typed(a)
    return {"$ndarray": {"dtype": "|O", "shape": [len(a)], "data": a.tolist()}}


def typed(a):
    fortran = a.ndim > 1 and a.flags.f_contiguous and not a.flags.c_contiguous
    members = {"dtype": dtype_to_descr(a.dtype), "shape": list(a.shape)}
    if fortran:
        members["order"] = "F"
    members["data"] = text64(a.tobytes("A"))
    return {"$ndarray": members}


def scalar(s):
    return {"$scalar": {"dtype": dtype_to_descr(s.dtype), "data": text64(s.tobytes())}}


def arrays():
    for code in "?", "i1", "<i2", ">i2", "<i4", ">i4", "<i8", ">i8", "u1", "<u2", ">u2", "<u4", ">u4", "<u8", ">u8":
        t = numpy.dtype(code)
        bits = numpy.array([0, 1, 2, 127, 128, 255, 254, 100] * 8, "u1")
        yield t.str, (bits % 2 if t.kind == "b" else bits).view(t)
    numbers = [0.0, -0.0, 0.1, -1.5, 1e10, 1e-7, 65504, 3.14159265358979, math.inf, -math.inf, math.nan, 1e300, 5e-324]
    with numpy.errstate(over="ignore"):
        for code in "<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "<c8", ">c8", "<c16", ">c16", "<f16", "<c32":
            yield code, numpy.array(numbers, code)
    for code in "S5", "<U4", ">U4":
        yield code, numpy.array(["", "a", "äb" if code[-2] == "U" else "ab", "wxyz"], code)
    yield "S_not_utf8", numpy.array([b"\xff\xfe", b"a\0b", b"ok"], "S4")
    yield "U_odd", numpy.array(["\x01\"\\", "😀", "a\0b"], "U3")
    yield "V3", numpy.array([b"abc", b"\0\0\1"], "V3")
    for unit in "Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as", "25s":
        yield f"M8_{unit}", numpy.array([0, -1, 1234567, -2**63], "i8").view(f"M8[{unit}]")
        yield f"m8_{unit}", numpy.array([0, -1, 1234567, -2**63], "i8").view(f"m8[{unit}]")
    yield "M8_big_endian", numpy.array(["2020-02-29T12:34:56", "NaT"], ">M8[s]")
    yield "M8_generic", numpy.array([-2**63], "i8").view("M8")
    yield "0d", numpy.array(1.5)
    yield "2d", numpy.arange(6, dtype="<i4").reshape(2, 3)
    yield "3d", numpy.arange(24, dtype="<f8").reshape(2, 3, 4)
    yield "fortran", numpy.asfortranarray(numpy.arange(6, dtype="<i4").reshape(2, 3))
    yield "fortran_3d", numpy.asfortranarray(numpy.arange(24, dtype=">u2").reshape(2, 3, 4))
    yield "no_rows", numpy.zeros((0, 3), "<f4")
    yield "no_columns", numpy.zeros((2, 2, 0), "<f4")
    yield "ones", numpy.ones((1, 1, 1), "<i8")
    yield "long", numpy.arange(9000, dtype="<i2").reshape(90, 100)
    record = numpy.dtype([("x", "<i4"), ("y", "<f8"), ("name", "S4")])
    yield "record", numpy.array([(1, 2.5, "ab"), (-1, math.nan, "")], record)
    nested = numpy.dtype([("p", [("x", "<i2"), ("y", ">i2")]), ("m", "<f4", (2, 2)), ("q", [("z", "u1", (2,))], (2,))])
    yield "record_nested", numpy.frombuffer(bytes(range(nested.itemsize * 2)), nested)
    holes = numpy.dtype({"names": ["a", "b"], "formats": ["u1", "<u4"], "offsets": [0, 4], "itemsize": 12})
    yield "record_with_holes", numpy.frombuffer(bytes(range(24)), holes)
    yield "record_0d", numpy.array((1, 2.5, "ab"), record)


def scalars():
    for value in (numpy.int8(-3), numpy.uint64(2**64 - 1), numpy.float32(0.1), numpy.float64(1.5), numpy.bool_(True),
                  numpy.complex64(1 + 2j), numpy.str_("text"), numpy.bytes_(b"ab"),
                  numpy.datetime64("2020-01-01", "D"), numpy.timedelta64(5, "ns")):
        yield f"scalar_{value.dtype.name}", value


# Documents and their values as plain JSON.
OTHER = {
    "tuple": ({"$tuple": [1, {"$tuple": []}, "a"]}, [1, [], "a"]),
    "set": ({"$set": [1, 2]}, [1, 2]), "frozenset": ({"$frozenset": ["a"]}, ["a"]),
    "bytes": ({"$bytes": text64(b"\0\1\2\3")}, text64(b"\0\1\2\3")), "no_bytes": ({"$bytes": ""}, ""),
    "bytearray": ({"$bytearray": text64(b"ab")}, text64(b"ab")),
    "complex": ({"$complex": [1.5, {"$float": "nan"}]}, [1.5, None]),
    "nan": ([{"$float": "nan"}, {"$float": "inf"}, {"$float": "-inf"}], [None] * 3),
    "nan_payload": ([{"$float": "7ff80000000000ff"}, {"$float": "fff8000000000000"}], [None] * 2),
    "range": ({"$range": [0, 6, 2]}, list(range(0, 6, 2))), "range_down": ({"$range": [3, -1, -1]}, [3, 2, 1, 0]),
    "slice": ({"$slice": [None, 3, None]}, {"$slice": [None, 3, None]}),
    "dict": ({"$dict": [[1, "a"], [{"$tuple": [2, 3]}, {"$dict": [[None, 1]]}]]}, {"1": "a", "[2,3]": {"null": 1}}),
    "dict_with_a_tag": ({"$dict": [["$tuple", [1]]]}, {"$tuple": [1]}),
    "dict_with_dollars": ({"$dict": [["$a", 1], ["b", 2]]}, {"$a": 1, "b": 2}),
    "plain_dict": ({"a": {"b": [1, 2.5, None, True]}, "": "é"}, {"a": {"b": [1, 2.5, None, True]}, "": "é"}),
    "global": ({"$global": ["os.path", "join"]}, {"$global": "os.path.join"}),
    "dtype": ([{"$dtype": "<f8"}, {"$dtype": [["a", "<i4"], ["b", "|S3", [2]]]}], ["<f8", [["a", "<i4"], ["b", "|S3", [2]]]]),
    "aligned_dtype": ({"$dtype": {"descr": [["a", "<i8"]], "aligned": True}}, [["a", "<i8"]]),
    "shared_list": ([{"$id": [1, [1]]}, {"$ref": 1}, [1]], [[1], [1], [1]]),
    "shared_tuple": ([{"$id": [1, {"$tuple": [1]}]}, {"$ref": 1}], [[1], [1]]),
    "shared_text": ([{"$id": [1, "x" * 33]}, {"$ref": 1}], ["x" * 33] * 2),
    "shared_bytes": ([{"$id": [1, {"$bytes": text64(b"x" * 33)}]}, {"$ref": 1}], [text64(b"x" * 33)] * 2),
    "shared_nested": ([{"$id": [1, [{"$id": [2, {"a": 1}]}, {"$ref": 2}]]}, {"$ref": 1}, {"$ref": 2}],
                      [[{"a": 1}, {"a": 1}], [{"a": 1}, {"a": 1}], {"a": 1}]),
    "shared_key": ({"$dict": [[{"$id": [1, {"$tuple": [1]}]}, {"$ref": 1}]]}, {"[1]": [1]}),
    "py2": ([{"$py2str": "abc"}, {"$py2bytes": text64(b"\xff")}], ["abc", text64(b"\xff")]),
    "py2_key": ({"$dict": [[{"$py2str": "a"}, 1]]}, {"a": 1}),
    "object": ({"$object": {"made": "newobj", "callable": {"$global": ["m", "C"]}, "args": {"$tuple": []},
                            "states": [{"x": 1}]}}, {"$class": "m.C", "x": 1}),
    "object_full": ({"$object": {"made": "newobj_ex", "callable": {"$global": ["m", "C"]}, "args": {"$tuple": [1]},
                                 "kwargs": {"k": 2}, "items": [3, [4]], "added": [5], "pairs": [[6, 7], ["a", {}]],
                                 "states": [8, {"$tuple": [None, {"y": 1}]}]}},
                    {"$class": "m.C", "$args": [1], "$kwargs": {"k": 2}, "$items": [3, [4]], "$added": [5],
                     "$pairs": {"6": 7, "a": {}}, "$states": [8, [None, {"y": 1}]]}),
    "object_bare": ({"$object": {"made": "bare", "callable": {"$global": ["m", "C"]}, "args": {"$tuple": []}}},
                    {"$class": "m.C"}),
    "table": (table(f, [], ["a", "b", "c"]), json.loads(f.to_json(orient="records"))),
    "table_index": (table(f.set_index("c"), ["c"], ["a", "b"]),
                    f.set_index("c").reset_index().to_dict("records")),
    "table_levels": (table(f.set_index(["c", "a"]), [None, "a"], ["b"]),
                     f.set_index(["c", "a"]).rename_axis([None, "a"]).reset_index().to_dict("records")),
    "table_labels": (table(f, [], [3, "3/", "x y"]), f.set_axis([3, "3/", "x y"], axis=1).to_dict("records")),
    "table_empty": ({"$table": {"rows": 0}}, []),
    "table_no_rows": (table(f[:0], [], ["a", "b", "c"]), []),
    "series": (series(f.b, [], "b"), f.b.tolist()),
    "series_index": (series(f.set_index("c").a, [None], None),
                     pandas.Series(f.a.tolist(), index=f.c.tolist()).reset_index().to_dict("records")),
    "tables_inside": ([table(f[:1], [], ["a", "b", "c"]), {"x": table(f[:1], [], ["a", "b", "c"])}],
                      [f[:1].to_dict("records"), {"x": f[:1].to_dict("records")}]),
    "externals": ([{"$external": {"kind": "persistent_id", "id": {"$tuple": ["s", 1]}}},
                   {"$external": {"kind": "extension", "id": 1}},
                   {"$external": {"kind": "buffer", "read_only": True, "id": 0}},
                   {"$external": {"kind": "soft_link", "id": "/a"}},
                   {"$external": {"kind": "external_link", "id": {"$tuple": ["f.h5", "/a"]}}}],
                  [{"$persistent_id": ["s", 1]}, {"$extension": 1}, {"$buffer": 0}, {"$link": "/a"},
                   {"$link": ["f.h5", "/a"]}]),
    "objects_in_array": ({"$ndarray": {"dtype": "|O", "shape": [2, 2], "data": [1, [2], {"$tuple": [3]}, None]}},
                         [[1, [2]], [[3], None]]),
    "objects_in_fortran_array": ({"$ndarray": {"dtype": "|O", "shape": [2, 3], "order": "F", "data": [1, 2, 3, 4, 5, 6]}},
                                 [[1, 2, 3], [4, 5, 6]]),
    "text_in_array": ({"$ndarray": {"dtype": "|T", "shape": [2], "data": ["a", "é"]}}, ["a", "é"]),
    "bytes_in_array": ({"$ndarray": {"dtype": {"descr": "|T", "bytes": True}, "shape": [2],
                                     "data": [text64(b"a"), text64(b"\xff")]}}, ["a", text64(b"\xff")]),
    "labels": ({"$ndarray": {"dtype": {"descr": "|i1", "labels": [["RED", 0], ["GREEN", 1]]}, "shape": [1],
                             "data": text64(b"\1")}}, [1]),
    "known_texts": ([{"$datetime": "2020-02-29T12:30:00.500000"}, {"$datetime": "2020-01-01T00:00:00+00:00"},
                     {"$datetime": "0001-01-01T00:00:00-05:30"}, {"$date": "9999-12-31"}, {"$time": "23:59:59.000001"},
                     {"$time": "01:00:00+01:00"}, {"$timedelta": "P1DT2H3M4.5S"}, {"$timedelta": "-PT0.000001S"},
                     {"$timedelta": "PT0S"}, {"$timedelta": "P999999999DT23H59M59.999999S"}, {"$decimal": "-1.50E+3"},
                     {"$decimal": "sNaN12"}, {"$fraction": "-3/4"}, {"$fraction": "5"},
                     {"$uuid": "12345678-9abc-def0-1234-56789abcdef0"}, {"$path": "/a/b"}, {"$path": "a"}, {"$path": "."}],
                    ["2020-02-29T12:30:00.500000", "2020-01-01T00:00:00+00:00", "0001-01-01T00:00:00-05:30", "9999-12-31",
                     "23:59:59.000001", "01:00:00+01:00", "P1DT2H3M4.5S", "-PT0.000001S", "PT0S",
                     "P999999999DT23H59M59.999999S", "-1.50E+3", "sNaN12", "-3/4", "5",
                     "12345678-9abc-def0-1234-56789abcdef0", "/a/b", "a", "."]),
    "known_containers": ([{"$ordereddict": [["a", 1], [2, {"$deque": []}]]}, {"$deque": [{"$tuple": [1]}, [{"$date": "2020-01-01"}]]},
                          {"$ordereddict": []}], [{"a": 1, "2": []}, [[1], ["2020-01-01"]], {}]),
    "known_shared": ([{"$id": [1, {"$ordereddict": [["a", {"$id": [2, {"$datetime": "2020-01-01T00:00:00+01:00"}]}]]}]},
                      {"$ref": 2}, {"$ref": 1}],
                     [{"a": "2020-01-01T00:00:00+01:00"}, "2020-01-01T00:00:00+01:00", {"a": "2020-01-01T00:00:00+01:00"}]),
    "big_int": ([10**30, -10**30, 2**63], [10**30, -10**30, 2**63]),
}

BAD = {
    "unknown_tag": ({"a": [{"$nope": 1}]}, "/a/0"), "tuple_of_dict": ([{"$tuple": {}}], "/0"),
    "bad_base64": ([1, {"$bytes": "a"}], "/1"), "bytes_of_number": ({"$bytes": 1}, ""),
    "bytes_not_alphabet": ({"$bytes": "ab-_"}, ""), "ref_unknown": ([{"$ref": 1}], "/0"),
    "ref_zero": ([{"$ref": 0}], "/0"), "ref_text": ([{"$ref": "1"}], "/0"),
    "ref_forward": ([{"$ref": 1}, {"$id": [1, []]}], "/0"), "id_twice": ([{"$id": [1, []]}, {"$id": [1, []]}], "/1"),
    "id_gap": ([{"$id": [2, []]}], "/0"), "id_of_id": ([{"$id": [1, {"$id": [2, []]}]}], "/0"),
    "id_of_ref": ([{"$id": [1, []]}, {"$id": [2, {"$ref": 1}]}], "/1"), "id_short": ({"$id": [1]}, ""),
    "float_word": ({"$float": "infinity"}, ""), "float_short_bits": ({"$float": "7ff8"}, ""),
    "int_text": ({"$int": "1x"}, ""), "int_empty": ({"$int": "-"}, ""), "complex_one": ({"$complex": [1]}, ""),
    "complex_text": ({"$complex": [1, "a"]}, "/$complex/1"), "range_two": ({"$range": [1, 2]}, ""),
    "range_step_zero": ({"$range": [1, 2, 0]}, "/$range/2"), "range_float": ({"$range": [1.5, 2, 1]}, "/$range/2"),
    "dict_of_dict": ({"$dict": {}}, ""), "dict_of_single": ({"$dict": [[1]]}, "/$dict/0"),
    "dict_unhashable": ({"$dict": [[[], 1]]}, "/$dict/0"), "set_unhashable": ({"$set": [{}]}, "/$set/0"),
    "global_one": ({"$global": ["a"]}, ""), "dtype_unknown": ({"$dtype": "<f3"}, ""),
    "array_no_dtype": ({"$ndarray": {"shape": [1], "data": "AA=="}}, ""),
    "array_no_shape": ({"$ndarray": {"dtype": "|u1", "data": "AA=="}}, ""),
    "array_no_data": ({"$ndarray": {"dtype": "|u1", "shape": [1]}}, ""),
    "array_short": ({"$ndarray": {"dtype": "|u1", "shape": [2], "data": "AA=="}}, ""),
    "array_huge": ({"$ndarray": {"dtype": "<f8", "shape": [2**62, 2**62], "data": ""}}, ""),
    "array_negative": ({"$ndarray": {"dtype": "<f8", "shape": [-1], "data": ""}}, ""),
    "array_33d": ({"$ndarray": {"dtype": "|u1", "shape": [1] * 33, "data": "AA=="}}, ""),
    "array_list": ({"$ndarray": {"dtype": "|u1", "shape": [1], "data": [1]}}, ""),
    "array_objects_short": ({"$ndarray": {"dtype": "|O", "shape": [2], "data": [1]}}, ""),
    "object_no_made": ({"$object": {"callable": 1, "args": {"$tuple": []}}}, ""),
    "object_no_args": ({"$object": {"made": "reduce", "callable": {"$global": ["m", "C"]}}}, "/$object/callable"),
    "object_args_list": ({"$object": {"made": "reduce", "callable": {"$global": ["m", "C"]}, "args": []}}, "/$object/args"),
    "object_of_dict": ({"$object": {"made": "reduce", "args": {"$tuple": []}, "callable": {"a": 1}}}, "/$object/callable"),
    "extension_zero": ({"$external": {"kind": "extension", "id": 0}}, "/$external/id"),
    "known_datetime_0": ({"$datetime": "2020-01-01"}, ""),
    "known_datetime_1": ({"$datetime": "2020-01-01T"}, ""),
    "known_datetime_2": ({"$datetime": "2020-01-01T00:00:00+"}, ""),
    "known_datetime_3": ({"$datetime": "2020-01-01T00:00:00+24:00"}, ""),
    "known_datetime_4": ({"$datetime": "2020-01-01T00:00:00.1234567"}, ""),
    "known_datetime_5": ({"$datetime": "2020-01-01T00:00:00Z "}, ""),
    "known_datetime_6": ({"$datetime": "2020-01-01T24:00:00"}, ""),
    "known_datetime_7": ({"$datetime": "2021-02-29T00:00:00"}, ""),
    "known_date_0": ({"$date": "2020-13-01"}, ""),
    "known_date_1": ({"$date": "2020-1-1"}, ""),
    "known_date_2": ({"$date": ""}, ""),
    "known_date_3": ({"$date": "0000-01-01"}, ""),
    "known_time_0": ({"$time": "12"}, ""),
    "known_time_1": ({"$time": "12:60:00"}, ""),
    "known_timedelta_0": ({"$timedelta": ""}, ""),
    "known_timedelta_1": ({"$timedelta": "P"}, ""),
    "known_timedelta_2": ({"$timedelta": "PT"}, ""),
    "known_timedelta_3": ({"$timedelta": "P1H"}, ""),
    "known_timedelta_4": ({"$timedelta": "PT1D"}, ""),
    "known_timedelta_5": ({"$timedelta": "P1DT"}, ""),
    "known_timedelta_6": ({"$timedelta": "PT1.5H"}, ""),
    "known_timedelta_7": ({"$timedelta": "P1000000000D"}, ""),
    "known_timedelta_8": ({"$timedelta": "PT1S1S"}, ""),
    "known_timedelta_9": ({"$timedelta": "1D"}, ""),
    "known_decimal_0": ({"$decimal": ""}, ""),
    "known_decimal_1": ({"$decimal": "x"}, ""),
    "known_decimal_2": ({"$decimal": "1e"}, ""),
    "known_decimal_3": ({"$decimal": "1_0"}, ""),
    "known_decimal_4": ({"$decimal": "."}, ""),
    "known_fraction_0": ({"$fraction": "1/0"}, ""),
    "known_fraction_1": ({"$fraction": "1/"}, ""),
    "known_fraction_2": ({"$fraction": "/2"}, ""),
    "known_fraction_3": ({"$fraction": "1.5"}, ""),
    "known_fraction_4": ({"$fraction": "1/-2"}, ""),
    "known_uuid_0": ({"$uuid": ""}, ""),
    "known_uuid_1": ({"$uuid": "12345678-9abc-def0-1234-56789abcdef"}, ""),
    "known_uuid_2": ({"$uuid": "12345678-9abc-def0-1234-56789abcdeg"}, ""),
    "known_path_0": ({"$path": "a\u0000b"}, ""),
    "known_date_number": ([{"$date": 5}], "/0"), "known_deque_dict": ({"$deque": {}}, ""),
    "known_ordered_single": ({"$ordereddict": [["a"]]}, "/$ordereddict/0"),
    "object_unknown_member": ({"$object": {"made": "reduce", "x": 1}}, "/$object/x"),
    "table_no_row_count": ({"$table": {"columns": []}}, "/$table/columns"),
    "table_member": ({"$table": {"rows": 0, "x": 1}}, "/$table/x"),
    "table_short": ({"$table": {"rows": 2, "columns": [["a", [1]]]}}, "/$table/columns"),
    "table_2d": ({"$table": {"rows": 1, "columns": [["a", typed(numpy.zeros((1, 1)))]]}}, "/$table/columns"),
    "table_of_text": ({"$table": {"rows": 1, "columns": [["a", "x"]]}}, "/$table/columns"),
    "table_no_pairs": ({"$table": {"rows": 1, "columns": [["a"]]}}, "/$table/columns"),
    "table_series_wide": ({"$table": {"rows": 0, "series": True}}, "/$table/series"),
    "external_unknown": ({"$external": {"kind": "x", "id": 1}}, ""), "external_no_id": ({"$external": {"kind": "buffer"}}, ""),
    "external_link_text": ({"$external": {"kind": "external_link", "id": "a"}}, "/$external/id"),
}


def write(name, text):
    (HERE / name).write_bytes(text.encode())


def main():
    for old in list(HERE.glob("[yn]_*")):
        old.unlink()
    cases = dict(OTHER)
    cases.update({f"array_{name}": (typed(a), plain(a)) for name, a in arrays()})
    cases.update({name: (scalar(s), plain(numpy.asarray(s))) for name, s in scalars()})
    for name, (document, value) in cases.items():
        name = name.translate(str.maketrans({"<": "le_", ">": "be_", "|": "", "?": "bool"}))
        write(f"y_{name}.in", dumps(document))
        write(f"y_{name}.out", dumps(value))
    for name, (document, pointer) in BAD.items():
        write(f"n_{name}.in", dumps(document))
        write(f"n_{name}.pointer", pointer + "\n")


main()
