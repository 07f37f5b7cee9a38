#!/usr/bin/python3
"""Writes NAME.npy with numpy.save and NAME.bin with the same elements, little-endian in C order."""
import os
import warnings

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
nested = np.dtype([("x", ">i2"), ("in", [("a", "<f4"), ("b", ">c16", (2,))]), ("s", "S3"), ("u", ">U2"), ("m", "<M8[25s]")])
aligned = np.dtype([("a", "i1"), ("b", "<f8"), ("c", "<i2")], align=True)
titled = np.dtype([(("a title", "a"), ">u4"), ("b", "?")])
quoted = np.dtype([("it's", "u1"), ('"', "u1"), ("a\\b\n", "u1"), ("caf\u00e9", "u1")])
wide = np.dtype([("\u20ac", "<u2"), ("\U0001d11e", ">u2")])


def numbers(shape, dtype):
    return np.arange(int(np.prod(shape)), dtype="i8").reshape(shape).astype(dtype)


def copy_of(a, dtype):
    """With zeros in the holes, where astype() leaves what was in memory."""
    if dtype.names is None:
        return a.astype(dtype, order="C")
    b = np.zeros(a.shape, dtype)
    for name in dtype.names:
        b[name] = copy_of(a[name], dtype[name].base)
    return b


def records(dtype, n):
    a = np.zeros(n, dtype)
    raw = a.view("u1")
    raw[:] = np.arange(raw.size) % 7
    return copy_of(a, dtype)


CASES = {
    "int8": numbers((3, 4), "i1"),
    "uint16_big": numbers((3, 4), ">u2"),
    "int32_big": numbers((5,), ">i4"),
    "int64": np.array([0, -1, 2**63 - 1, -2**63]),
    "uint64": np.array([0, 2**64 - 1], "u8"),
    "float16": np.array([0.1, -np.inf, np.nan], "f2"),
    "float32": numbers((2, 3, 4), "f4") / np.float32(7),
    "float64_big": np.array([[0.1, 1e300], [-0.0, np.inf]], ">f8"),
    "float128": np.array([1, 2, 3], "f16"),
    "complex64": np.array([1 + 2j, 3], "c8"),
    "complex128_big": np.array([1 + 2j, 3], ">c16"),
    "bool": np.array([[True], [False]]),
    "bytes": np.array([b"a", b"", b"abc"]),
    "unicode": np.array(["a", "", "\u20ac\U0001d11e"]),
    "unicode_big": np.array(["ab", "\u20ac"], ">U2"),
    "void": np.array([b"abcd", b"efgh"], "V4"),
    "datetime": np.array(["2020-02-29", "NaT"], "M8[ns]"),
    "timedelta_big": np.array([1, -1], ">m8[D]"),
    "datetime_generic": np.array(["NaT"], "M8"),
    "zero_d": np.array(2.5),
    "empty": np.zeros((0,)),
    "empty_middle": np.zeros((2, 0, 3), "i2"),
    "no_width": np.zeros((2,), "V0"),
    "fortran": np.asfortranarray(numbers((3, 4), "i4")),
    "fortran_3d": np.asfortranarray(numbers((2, 3, 4), ">i2")),
    "fortran_both": np.asfortranarray(numbers((1, 5), "i4")),
    "nested": records(nested, 3),
    "aligned": records(aligned, 2),
    "titled": records(titled, 2),
    "quoted": records(quoted, 2),
    "version_3": records(wide, 2),
    "many_dimensions": numbers((1,) * 31 + (2,), "u1"),
}


def main():
    warnings.simplefilter("ignore")
    for name, a in CASES.items():
        np.save(os.path.join(HERE, name + ".npy"), a)
        little = copy_of(a, a.dtype.newbyteorder("<")) if a.dtype.itemsize else a
        with open(os.path.join(HERE, name + ".bin"), "wb") as f:
            f.write(little.tobytes())
    with open(os.path.join(HERE, "names.txt"), "w") as f:
        f.write("".join(name + "\n" for name in CASES))
    with open(os.path.join(HERE, "version_2.npy"), "wb") as f:
        np.lib.format.write_array(f, numbers((2, 2), "i2"), version=(2, 0))


main()
