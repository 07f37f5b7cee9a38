#!/usr/bin/python3
"""Writes small HDF5 files with h5py, and beside each what h5py reads from it, as plain JSON. Run it in this folder."""
import json

import h5py
import numpy as np


def plain(dtype, v):
    """An element as plain JSON writes it."""
    if dtype.fields:
        return {n: plain(dtype.fields[n][0], v[n]) for n in dtype.names}
    if dtype.subdtype:
        return nested(dtype.base, np.asarray(v))
    if isinstance(v, bytes):
        try:
            return v.decode()
        except UnicodeDecodeError:
            return v.decode("latin-1")
    if isinstance(v, str):
        return v
    if dtype.kind == "c":
        return [float(v.real), float(v.imag)]
    v = v.item() if isinstance(v, np.generic) else v
    return None if isinstance(v, float) and not np.isfinite(v) else v


def nested(dtype, a):
    return plain(dtype, a[()]) if a.ndim == 0 else [nested(dtype, x) if x.ndim else plain(dtype, x[()]) for x in
                                                    (np.asarray(y, dtype=a.dtype) for y in a)]


def dataset(d):
    v = d[()]
    if isinstance(v, h5py.Empty):
        return None
    if isinstance(v, (bytes, str)):
        return plain(d.dtype, v)
    dtype = d.dtype.base if d.dtype.subdtype else d.dtype
    return nested(dtype, np.asarray(v, dtype=dtype))


def value(g):
    out = {}
    for name in g:
        link = g.get(name, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            out[name] = {"$link": [link.filename, link.path]}
            continue
        try:
            o = g[name]
        except (KeyError, RuntimeError):  # leads nowhere, or in a circle
            out[name] = {"$link": link.path}
            continue
        out[name] = value(o) if isinstance(o, h5py.Group) else dataset(o)
    return out


def numbers(f):
    for t in "i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8".split():
        for order in "<>":
            f[order + t] = np.array([[0, 1, 2], [3, 100, 127]], order + t)
    f["widest"] = np.array([-2**63, 2**63 - 1], "i8")
    f["widest unsigned"] = np.array([0, 2**64 - 1], "u8")
    f["odd floats"] = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324])
    f["bool"] = np.array([True, False, True])
    f["complex"] = np.array([1 + 2j, -3.5j])
    f["big complex"] = np.array([1 + 2j, -3.5j], ">c8")
    f["scalar"] = 42
    f["float scalar"] = np.float32(0.5)
    f["bool scalar"] = True
    f["no rows"] = np.zeros((0, 3))
    f["no columns"] = np.zeros((2, 0))
    f["nothing"] = h5py.Empty("f4")
    colours = h5py.enum_dtype({"red": 0, "green": 1, "blue": -2}, basetype="i2")
    f.create_dataset("enum", data=np.array([1, -2, 0], "i2"), dtype=colours)
    t = h5py.h5t.STD_I32LE.copy()
    t.set_size(3)
    t.set_precision(24)
    h5py.h5d.create(f.id, b"three bytes", t, h5py.h5s.create_simple((2,))).write(
        h5py.h5s.ALL, h5py.h5s.ALL, np.array([-5, 70000], "i4"), mtype=h5py.h5t.NATIVE_INT32)


def texts(f):
    f["scalar"] = "héllo"
    f["empty"] = ""
    f["list"] = ["a", "", "日本語"]
    f.create_dataset("ascii", data=[b"x", b"yz"], dtype=h5py.string_dtype("ascii"))
    f.create_dataset("not utf-8", data=[b"caf\xe9", b"ok"], dtype=h5py.string_dtype("ascii"))
    f["fixed"] = np.array([b"ab", b"abcde", b""], "S5")
    f["fixed scalar"] = np.bytes_(b"abc")
    f.create_dataset("unwritten", (2,), dtype=h5py.string_dtype())
    for name, pad in (("null terminated", h5py.h5t.STR_NULLTERM), ("blanks", h5py.h5t.STR_SPACEPAD)):
        t = h5py.h5t.C_S1.copy()
        t.set_size(6)
        t.set_strpad(pad)
        d = h5py.h5d.create(f.id, name.encode(), t, h5py.h5s.create_simple((2,)))
        d.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([b"abc", b"de"], "S6"))


def records(f):
    point = np.dtype([("x", "<f8"), ("y", ">i2"), ("name", "S4")])
    f["flat"] = np.array([(1.5, -2, b"one"), (2.5, 3, b"two")], point)
    f["one"] = np.array((1.5, -2, b"one"), point)
    f["nested"] = np.array([((1.5, 2, b"a"), [1, 2, 3])], [("p", point), ("v", "<i4", (3,))])
    holes = np.dtype({"names": ["a", "b"], "formats": ["u1", "<f4"], "offsets": [1, 8], "itemsize": 16})
    f["with holes"] = np.array([(7, 0.5), (8, 0.25)], holes)
    text = np.dtype([("id", "<i4"), ("s", h5py.string_dtype()), ("flag", "?")])
    f["with text"] = np.array([(1, "one", True), (2, "zwei", False)], text)
    f.create_dataset("array", (2,), np.dtype(("<i4", (2, 3))))[...] = np.arange(12).reshape(2, 2, 3)


def layouts(f):
    data = np.arange(600, dtype="<i4").reshape(20, 30)
    f.create_dataset("contiguous", data=data)
    f.create_dataset("gzip", data=data, chunks=(7, 11), compression="gzip", shuffle=True, fletcher32=True)
    f.create_dataset("lzf", data=data, chunks=(20, 30), compression="lzf")
    f.create_dataset("growing", data=data, chunks=(6, 30), maxshape=(None, 30))
    f.create_dataset("never written", (2, 3), "<i2", fillvalue=7)
    f.create_dataset("half written", (6,), "<i2", chunks=(2,), fillvalue=-1)[:3] = [1, 2, 3]
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_layout(h5py.h5d.COMPACT)
    small = h5py.h5d.create(f.id, b"compact", h5py.h5t.STD_I16LE, h5py.h5s.create_simple((3,)), plist)
    small.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([1, 2, 3], "i2"))
    layout = h5py.VirtualLayout((20,), "<i4")
    layout[:] = h5py.VirtualSource(".", "contiguous", (20, 30))[:, 3]
    f.create_virtual_dataset("virtual", layout)


def links(f):
    g = f.create_group("zebra")
    g["data"] = [1, 2]
    f["hard"] = g
    f["soft"] = h5py.SoftLink("/zebra/data")
    f["dangling"] = h5py.SoftLink("/nowhere")
    f["round"] = h5py.SoftLink("/trip")
    f["trip"] = h5py.SoftLink("/round")
    f["far"] = h5py.ExternalLink("/etc/passwd", "/x")
    g["relative"] = h5py.SoftLink("data")
    ordered = f.create_group("ordered", track_order=True)
    for name in ("z", "a", "m"):
        ordered[name] = name


for make, options in ((numbers, {}), (texts, {}), (records, {}), (layouts, {"userblock_size": 1024}), (links, {})):
    name = make.__name__ + ".h5"
    with h5py.File(name, "w", **options) as f:
        make(f)
    with h5py.File(name, "r") as f:
        with open(make.__name__ + ".json", "w") as out:
            read = value(f) if make is not numbers else None
            if read is None:  # h5py has no type of three bytes
                odd = [-5, 70000]
                read = {n: odd if n == "three bytes" else dataset(f[n]) for n in f}
            json.dump(read, out, ensure_ascii=False, separators=(",", ":"))

with h5py.File("outside.h5", "w") as f:
    f.create_dataset("external", (10,), "u1", external=[("/etc/passwd", 0, 10)])
    layout = h5py.VirtualLayout((5,), "<i4")
    layout[:] = h5py.VirtualSource("other.h5", "data", (5,))
    f.create_virtual_dataset("virtual", layout)
    f["far"] = h5py.ExternalLink("outside.h5", "/fine")
    f["fine"] = np.arange(3)
    f["reference"] = f["fine"].ref
    f.create_dataset("sequences", (2,), h5py.vlen_dtype("i4"))
    f.attrs["number"] = 1
    f.attrs["text"] = "déjà"
    f.attrs["reference"] = f["fine"].ref
    f.attrs["list"] = ["a", "b"]

with h5py.File("attributes.h5", "w") as f:
    f["d"] = [1, 2]
    f["d"].attrs["unit"] = "m"
    f["plain"] = [3]
    f.create_group("g").attrs["n"] = np.array([1, 2], "i4")
    f.attrs["title"] = "all"
with open("attributes.json", "w") as out:
    with h5py.File("attributes.h5", "r") as f:
        read = {"@attributes": {"title": f.attrs["title"]},
                "d": {"@attributes": {"unit": f["d"].attrs["unit"]}, "@value": dataset(f["d"])},
                "g": {"@attributes": {"n": f["g"].attrs["n"].tolist()}},
                "plain": dataset(f["plain"])}
        json.dump(read, out, separators=(",", ":"))

with h5py.File("lies.h5", "w") as f:  # marks that don't suit what they are on
    mark = "mandoline:type"
    for i, (kind, data) in enumerate((("int", "x"), ("int", "-"), ("int", [1, 2]), ("int", np.float32(1)), ("float", 1),
                                      ("bytes", "pointers?"), ("bytes", ["a", "b"]), ("list", 1), ("global", [1, 2]),
                                      ("global", ["a"]), ("str", np.void(b"\xff\xfe")))):
        f[f"dataset {i}"] = data
        f[f"dataset {i}"].attrs[mark] = kind
    for i, (kind, members) in enumerate((("list", {"x": 1}), ("list", {"1": 1}), ("range", {"0": 1}),
                                         ("slice", {}), ("dict", {"keys": 1}), ("dict", {}), ("object", {}),
                                         ("object", {"made": 7, "callable": 1, "args": 1}), ("ndarray", {}),
                                         ("dtype", {}), ("dtype", {"descr": 1}), ("external", {"kind": 1}),
                                         ("list", {"data": 1, "ints": 2}))):
        g = f.create_group(f"group {i}")
        g.attrs[mark] = kind
        for name, data in members.items():
            g[name] = data
    g = f.create_group("group that is its own data")
    g.attrs[mark] = "list"
    g["data"] = g["ints"] = g
    g = f.create_group("group that is its own keys")
    g.attrs[mark] = "dict"
    g["keys"] = g["values"] = g
    f["text"] = ["a"]
    f["text"].attrs["mandoline:dtype"] = "<i4"
    f["text"].attrs[mark] = "ndarray"
