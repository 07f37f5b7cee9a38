"""HDF5/JSON: what we make of the HDF Group's sample files against the documents that it published of them."""

import io
import json
import pathlib
import pickle
import re
import struct
import sys
import tempfile
import time
import unittest

import h5py
import numpy

from hdf5 import plain, shapes
from mandoline import CORPUS, Server

FOLDER = CORPUS / "hdf5-json"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
COLLECTIONS = ("groups", "datasets", "datatypes")

# Why we don't read what they describe. Everything else is read.
UNREADABLE = re.compile(r"'(reference|variable-length sequence)' is not supported")

# Where their documents (made with the h5py of 2015) differ from the files, so that ours, which follow the files, differ
# from theirs. Of types: what no standard name says, which theirs leave out.
OURS_ONLY = {"precision", "offset", "size", "format", "tag"}
THEIRS_ONLY = {"description"}
# Documents that are not of the file beside them, or say something else than it in what was lost (opaque values, the
# scaleOffset of integers).
OTHER_FILES = {"opaque_dset", "h5ex_d_soint", "dset_creationprop"}
# The padding of strings: theirs is what NumPy pads with, whatever the file has.
PADDINGS = {"H5T_STR_NULLPAD", "H5T_STR_NULLTERM", "H5T_STR_SPACEPAD"}


def float32(number):
    return struct.unpack("f", struct.pack("f", number))[0]


def names_of(document):
    """id: the first path by which a walk in the order of names finds it."""
    names, queue = {document["root"]: "/"}, [document["root"]]
    while queue:
        group = queue.pop(0)
        links = document["groups"][group].get("links", [])
        for link in sorted(links, key=lambda link: link["title"]):
            if "id" in link and link["id"] not in names:
                names[link["id"]] = names[group].rstrip("/") + "/" + link["title"]
                if link["collection"] == "groups":
                    queue.append(link["id"])
    return names


def renamed(value, names):
    if isinstance(value, dict):
        return {names.get(key, key): renamed(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [renamed(item, names) for item in value]
    if isinstance(value, str):
        return UUID.sub(lambda match: names.get(match[0], match[0]), value)
    return value


class Comparison:
    """Theirs against ours; differences is what is wrong, in words."""

    def __init__(self, theirs, ours):
        self.differences = []
        theirs, ours = (renamed(document, names_of(document)) for document in (theirs, ours))
        self.same("root", theirs["root"], ours["root"])
        for collection in COLLECTIONS:
            a, b = theirs.get(collection, {}), ours.get(collection, {})
            self.same(collection, sorted(a), sorted(b))
            for name in set(a) & set(b):
                self.object(f"{collection} {name}", a[name], b[name])

    def same(self, where, a, b):
        if a != b:
            self.differences.append(f"{where}: {str(a)[:200]} != {str(b)[:200]}")

    def object(self, where, a, b):
        self.same(f"{where} alias", sorted(a.get("alias", [])), sorted(b.get("alias", [])))
        titles = [{link["title"]: {key: link[key] for key in link if key != "target"} for link in x.get("links", [])}
                  for x in (a, b)]  # target: the bytes of a user-defined link, which libhdf5 gives to nobody
        self.same(f"{where} links", *titles)
        attributes = [{x["name"]: x for x in y.get("attributes", [])} for y in (a, b)]
        self.same(f"{where} attributes", *map(sorted, attributes))
        for name in set(attributes[0]) & set(attributes[1]):
            self.typed(f"{where} @{name}", attributes[0][name], attributes[1][name])
        self.typed(where, a, b)
        for key in set(a) - {"alias", "links", "attributes", "type", "shape", "value", "creationProperties"} - THEIRS_ONLY:
            self.differences.append(f"{where}: we have no {key}")

    def typed(self, where, a, b):
        self.words(f"{where} type", a.get("type"), b.get("type"))
        self.same(f"{where} shape", *map(self.shape, (a, b)))
        for key, item in a.get("creationProperties", {}).items():
            self.property(f"{where} {key}", key, item, b["creationProperties"].get(key))
        if "value" in a and "OPAQUE" not in str(a["type"]):  # theirs is "????"
            self.value(f"{where} value", a["value"], b["value"])

    @staticmethod
    def shape(a):
        """maxdims that are not unlimited are sometimes said where the file has none (compound_array_vlen_string)."""
        shape = dict(a.get("shape", {}))
        limited = "H5S_UNLIMITED" not in shape.get("maxdims", [])
        return {key: shape[key] for key in shape if key != "maxdims" or not limited}

    def property(self, where, key, a, b):
        if key == "filters":  # their scaleOffset of integers is the size of an element; names are sometimes left out
            a, b = ([{x: f[x] for x in f if x != "name" and not (x == "scaleOffset" and f["scaleType"] == "H5Z_SO_INT")}
                     for f in filters] for filters in (a, b))
        if key != "fillValue" or b is not None or a != 0:  # one says the library's own fill value
            self.same(where, a, b)

    def words(self, where, a, b):
        if isinstance(a, dict) and isinstance(b, dict):
            self.same(where, sorted(a), sorted(set(b) - (OURS_ONLY - set(a))))
            for key in set(a) & set(b) - {"members"}:
                self.words(f"{where}.{key}", a[key], b[key])
            self.same(where, *({member["name"]: member["value"] for member in x.get("members", [])} for x in (a, b)))
        elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
            for i, (x, y) in enumerate(zip(a, b)):
                self.words(f"{where}[{i}]", x, y)
        elif {a, b} <= PADDINGS or re.fullmatch("(H5T_STD_[IU]8)LE(\\1)BE", a + b) if isinstance(a, str) else False:
            pass  # and one byte has no order
        else:
            self.same(where, a, b)

    def value(self, where, a, b):
        if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
            for i, (x, y) in enumerate(zip(a, b)):
                self.value(f"{where}[{i}]", x, y)
        elif isinstance(a, float) and isinstance(b, float) and float32(a) == float32(b) and len(str(b)) <= 13:
            return  # ours is the shortest that reads back as the same float32, theirs the double it widens to
        elif isinstance(a, str) and isinstance(b, (str, type(None))) and a in (f"groups/{b}", f"datasets/{b}", f"datatypes/{b}", "null"):
            pass  # a reference: ours is the path, not the id
        elif isinstance(a, dict) and isinstance(b, dict) and a.get("id") == b.get("path"):
            pass  # a region: ours is the path and a slice or points
        elif a == [] and re.fullmatch(r"[\[\], ]*", str(b)):
            pass  # no elements: theirs don't say in how many rows
        elif a != b or isinstance(a, bool) != isinstance(b, bool):
            self.differences.append(f"{where}: {str(a)[:200]} != {str(b)[:200]}")


def same_elements(a, b):
    if isinstance(a, h5py.Empty) or isinstance(b, h5py.Empty):
        return isinstance(a, h5py.Empty) and isinstance(b, h5py.Empty)
    a, b = numpy.asarray(a), numpy.asarray(b)
    if a.dtype.kind == "O" or a.shape != b.shape:
        return a.shape == b.shape and a.tolist() == b.tolist()
    return a.tobytes() == b.tobytes() or numpy.array_equal(a, b) or a.tolist() == b.tolist()


def raw(x, name=None):
    """Elements as bytes, for types that h5py converts to nothing."""
    m = x.attrs.get_id(name) if name else x.id
    if (m.get_space().get_simple_extent_type()) == h5py.h5s.NULL:
        return b""
    out = numpy.zeros(m.shape, numpy.dtype(("V", m.get_type().get_size())))
    if name:
        m.read(out, mtype=m.get_type())
    else:
        m.read(h5py.h5s.ALL, h5py.h5s.ALL, out, mtype=m.get_type())
    return out.tobytes()


def same_values(x, y, name=None):
    m = x.attrs.get_id(name) if name else x.id
    if m.get_type().get_class() in (h5py.h5t.OPAQUE, h5py.h5t.BITFIELD, h5py.h5t.TIME):
        return raw(x, name) == raw(y, name)
    a, b = (x.attrs[name], y.attrs[name]) if name else (x[()], y[()])
    if m.get_type().detect_class(h5py.h5t.REFERENCE) or m.get_type().detect_class(h5py.h5t.VLEN):
        return plain(a, x.file) == plain(b, y.file)
    return same_elements(a, b)


def same_files(a, b, exactly):
    """What h5py sees differ between two files, in words. Not exactly: what documents of 2015 keep."""
    found = []

    def say(path, what, x, y):
        if x != y:
            found.append(f"{path} {what}: {str(x)[:150]} != {str(y)[:150]}")

    def types(path, x, y):
        if exactly and x.get_class() == h5py.h5t.STRING and x.is_variable_str():  # some have odd bits in their base
            say(path, "text", (x.get_cset(), x.get_strpad()), (y.get_cset(), y.get_strpad()))
        elif exactly:
            say(path, "type", x.equal(y), True)
        if exactly:
            say(path, "committed", x.committed(), y.committed())
        if x.get_class() != h5py.h5t.TIME:  # which h5py has none for
            say(path, "dtype", *(t.dtype.newbyteorder("=") if exactly else shapes(t.dtype) for t in (x, y)))  # theirs are packed

    def properties(path, x, y):
        x, y = x.get_create_plist(), y.get_create_plist()
        say(path, "layout", x.get_layout(), y.get_layout())
        filters = [[p.get_filter(i)[0] for i in range(p.get_nfilters())] for p in (x, y)]
        say(path, "filters", *filters)
        if x.get_layout() == h5py.h5d.CHUNKED:
            say(path, "chunks", x.get_chunk(), y.get_chunk())
        say(path, "fill time", x.get_fill_time(), y.get_fill_time())
        if exactly:
            say(path, "allocation", x.get_alloc_time(), y.get_alloc_time())
        if x.fill_value_defined() == h5py.h5d.FILL_VALUE_USER_DEFINED:
            say(path, "fill value", True, y.fill_value_defined() == h5py.h5d.FILL_VALUE_USER_DEFINED)

    def objects(path, x, y):
        say(path, "kind", type(x), type(y))
        say(path, "attributes", sorted(x.attrs), sorted(y.attrs))
        for name in set(x.attrs) & set(y.attrs):
            m, n = x.attrs.get_id(name), y.attrs.get_id(name)
            types(f"{path} @{name}", m.get_type(), n.get_type())
            say(f"{path} @{name}", "shape", m.get_space().get_simple_extent_type(), n.get_space().get_simple_extent_type())
            if m.get_type().get_class() != h5py.h5t.OPAQUE or exactly:
                say(f"{path} @{name}", "values", same_values(x, y, name), True)
        if isinstance(x, h5py.Dataset) and isinstance(y, h5py.Dataset):
            types(path, x.id.get_type(), y.id.get_type())
            say(path, "shape", x.shape, y.shape)
            say(path, "maxshape", x.maxshape, y.maxshape)
            properties(path, x.id, y.id)
            if x.shape == y.shape:
                say(path, "values", same_values(x, y), True)
        if isinstance(x, h5py.Datatype) and isinstance(y, h5py.Datatype):
            types(path, x.id, y.id)

    def link(group, name):
        found = group.get(name, getlink=True)
        return {key: getattr(found, key) for key in ("path", "filename") if hasattr(found, key)} | {"is": type(found).__name__}

    seen, queue = set(), ["/"]
    while queue:
        path = queue.pop()
        x, y = a[path], b[path]
        objects(path, x, y)
        if not isinstance(x, h5py.Group) or x.id.__hash__() in seen or not isinstance(y, h5py.Group):
            continue
        seen.add(x.id.__hash__())
        names = [sorted(name for name in g if g.id.links.get_info(name.encode()).type in (0, 1, 64)) for g in (x, y)]
        say(path, "links", *names)
        for name in names[0]:
            if name in y:
                say(f"{path} {name}", "link", link(x, name), link(y, name))
            if name in y and x.get(name, getclass=True, getlink=True) is h5py.HardLink:
                queue.append(path.rstrip("/") + "/" + name)
    return found


@unittest.skipUnless(FOLDER.exists(), "the corpus is not here")
class HDF5JSON(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def test_the_samples_are_described_as_their_publisher_does(self):
        equal, unreadable, alone = [], [], []
        for path in sorted((FOLDER / "json").glob("*.json")):
            source = FOLDER / "hdf5" / f"{path.stem}.h5"
            if not source.exists() or path.stem == "dset_creationprop":  # it is of another file
                alone.append(path.stem)
                continue
            answer = self.convert(source.read_bytes(), "h5json", "hdf5")
            if answer.status == 422 and UNREADABLE.search(answer.body.decode()):
                unreadable.append(path.stem)
                continue
            with self.subTest(path.stem):
                self.assertEqual(answer.status, 200, answer)
                found = Comparison(json.loads(path.read_text()), json.loads(answer.body)).differences
                self.assertEqual(found, [])
                equal.append(path.stem)
        print(f"{len(equal)} documents equal, {len(unreadable)} of types that are not read ({', '.join(unreadable)}), "
              f"{len(alone)} without a file ({', '.join(alone)})", file=sys.stderr)
        self.assertGreaterEqual(len(equal), 50)

    def convert(self, body, to, from_, **query):
        return self.server.request("POST", "/v1/convert", body, to=to, **{"from": from_}, **query)

    def same(self, source, made, exactly):
        with h5py.File(io.BytesIO(source)) as a, h5py.File(io.BytesIO(made)) as b:
            self.assertEqual(same_files(a, b, exactly), [])

    def test_their_documents_become_the_files_that_they_describe(self):
        made = []
        for path in sorted((FOLDER / "json").glob("*.json")):
            source = FOLDER / "hdf5" / f"{path.stem}.h5"
            if not source.exists():
                continue
            answer = self.convert(path.read_bytes(), "hdf5", "h5json")
            with self.subTest(path.stem):
                if path.stem in OTHER_FILES:
                    continue
                self.assertEqual(answer.status, 200, answer)
                self.same(source.read_bytes(), answer.body, False)
                made.append(path.stem)
        print(f"{len(made)} files made of their documents", file=sys.stderr)
        self.assertGreaterEqual(len(made), 60)

    def test_the_samples_survive_as_documents_and_as_copies(self):
        same, unreadable = [], []
        for path in sorted((FOLDER / "hdf5").glob("*.h5")):
            answer = self.convert(path.read_bytes(), "h5json", "hdf5")
            if answer.status != 200:
                unreadable.append((path.stem, answer.body.decode()[:300]))
                continue
            with self.subTest(path.stem):
                for made in (self.convert(answer.body, "hdf5", "h5json"), self.convert(path.read_bytes(), "hdf5", "hdf5")):
                    self.assertEqual(made.status, 200, made)
                    self.same(path.read_bytes(), made.body, True)
                else:
                    same.append(path.stem)
        print(f"{len(same)} samples survive, {len(unreadable)} are refused", *unreadable, sep="\n", file=sys.stderr)

    def made(self, fill, **options):
        file = io.BytesIO()
        with h5py.File(file, "w", **options) as f:
            fill(f)
        return file.getvalue()

    def survives(self, source):
        """As a copy, and as a document."""
        document = self.convert(source, "h5json", "hdf5")
        self.assertEqual(document.status, 200, document)
        for made in (self.convert(source, "hdf5", "hdf5"), self.convert(document.body, "hdf5", "h5json")):
            self.assertEqual(made.status, 200, made)
            self.same(source, made.body, True)
        return json.loads(document.body)

    def test_types_layouts_and_filters_survive(self):
        point = numpy.dtype([("a", "<i2"), ("b", ">f8"), ("s", "S3"), ("v", "u1", (2, 2))])
        padded = numpy.dtype({"names": ["x", "y"], "formats": ["u1", "<f4"], "offsets": [0, 4], "itemsize": 12})
        types = ["i1", ">i2", "<u4", ">u8", "<f2", "<f4", ">f8", "<c8", ">c16", "S5", "?", "V6", point, padded,
                 h5py.enum_dtype({"low": -3, "high": 9}, basetype=">i2"), numpy.longdouble]
        layouts = [{}, {"chunks": (3, 5)}, {"chunks": (3, 5), "compression": "gzip", "shuffle": True},
                   {"chunks": (4, 2), "fletcher32": True, "maxshape": (None, 7)},
                   {"chunks": (7, 7), "compression": "gzip", "compression_opts": 9, "maxshape": (None, None)}]
        rng = numpy.random.default_rng(7)
        for bounds in ("earliest", "v108", "latest"):
            def fill(f):
                for i, t in enumerate(types):
                    t = numpy.dtype(t)
                    numbers = rng.integers(0, 100, 49)
                    data = (numbers % 2).reshape(7, 7).astype(t) if t.kind == "b" else numbers.reshape(7, 7).astype(t) \
                        if t.kind in "iufcS" else numpy.frombuffer(rng.bytes(49 * t.itemsize), t).reshape(7, 7).copy()
                    if t.names:
                        data = numpy.zeros((7, 7), t)
                        for name in t.names:
                            data[name] = rng.integers(0, 100, data[name].shape)
                    for j, layout in enumerate(layouts):
                        f.create_dataset(f"t{i}/l{j}", data=data, dtype=t, **layout)
                    f[f"t{i}"].attrs.create("all", data, dtype=t)
                    f[f"t{i}"].attrs.create("one", data[0, 0], dtype=t)
            self.survives(self.made(fill, libver=bounds))

    def test_stored_chunks_are_copied_as_they_are(self):
        def fill(f):
            rng = numpy.random.default_rng(5)
            f.create_dataset("gzip", data=rng.integers(0, 9, (90, 70)), chunks=(8, 9), compression="gzip", shuffle=True)
            f.create_dataset("few", (1 << 40,), "i4", chunks=(1 << 16,))[1 << 39] = 3
            partly = f.create_dataset("partly", (100,), "f8", chunks=(10,), maxshape=(None,), fillvalue=2.5)
            partly[35:61] = 1
            shrunk = f.create_dataset("shrunk", data=numpy.arange(100), chunks=(10,), maxshape=(None,))
            shrunk.resize((33,))
            f["gzip"].id.write_direct_chunk((0, 0), bytes(8 * 9 * 8), 3)  # no filter was run on this one
            f.create_dataset("lzf", data=numpy.arange(1000), chunks=(100,), compression="lzf", shuffle=True)
            f.create_dataset("text", data=[f"text {i}" for i in range(50)], chunks=(7,), compression="gzip")
        source = self.made(fill)
        copy = self.convert(source, "hdf5", "hdf5")
        self.assertEqual(copy.status, 200, copy)
        with h5py.File(io.BytesIO(source)) as a, h5py.File(io.BytesIO(copy.body)) as b:
            self.assertEqual(b["few"].shape, (1 << 40,))
            self.assertEqual(b["few"][(1 << 39) - 1:(1 << 39) + 2].tolist(), [0, 3, 0])
            for name in ("gzip", "partly", "shrunk", "lzf", "text"):
                self.assertTrue(same_elements(a[name][()], b[name][()]), name)
            self.assertEqual(b["lzf"].compression, "lzf")
            for name in ("gzip", "partly", "few", "lzf"):
                x, y = a[name].id, b[name].id
                self.assertEqual(x.get_num_chunks(), y.get_num_chunks(), name)
                for i in range(x.get_num_chunks()):
                    at = x.get_chunk_info(i).chunk_offset
                    self.assertEqual(x.read_direct_chunk(at), y.read_direct_chunk(at), name)

    def test_sequences_references_and_times_survive(self):
        """References lead forwards, backwards, to groups and types, and nowhere; scales keep their dimensions."""
        def fill(f):
            rng = numpy.random.default_rng(3)
            number, text, ref, region = h5py.vlen_dtype("<i4"), h5py.string_dtype(), h5py.ref_dtype, h5py.regionref_dtype
            f.create_group("a").create_group("inner")
            for name, n, how in ("a/ragged", 5, {}), ("many", 40000, {"chunks": (1000,), "compression": "gzip"}):
                f.create_dataset(name, (n,), number, **how)[:] = [numpy.arange(i % 7) for i in range(n)]
            f.create_dataset("a/pairs", (3,), h5py.vlen_dtype(numpy.dtype([("x", "<i2"), ("y", ">f8")])))
            for i in range(3):  # h5py cannot read empty ones of these
                f["a/pairs"][i] = numpy.array([(1, 2.5), (3, 4.5)], [("x", "<i2"), ("y", ">f8")])
            words = f.create_dataset("words", (3,), h5py.vlen_dtype(text))
            for i in range(3):
                words[i] = numpy.array([f"é{j}" for j in range(i)], dtype=object)
            f["z/last"] = numpy.arange(60).reshape(6, 10)
            f["type"] = numpy.dtype("<i2")
            refs = f.create_dataset("b/refs", (2, 4), ref)
            for i, name in enumerate(("z/last", "a", "/", "type", "a/ragged", "b")):
                refs[divmod(i, 4)] = f[name].ref
            refs.attrs["one"] = f["z/last"].ref
            regions = f.create_dataset("b/regions", (6,), region)
            last = f["z/last"]
            for i, r in enumerate((last.regionref[...], last.regionref[1:5:2, ::3], last.regionref[2], last.regionref[rng.random((6, 10)) > 0.7])):
                regions[i] = r
            refs.attrs.create("part", last.regionref[0:2, 1:3], dtype=region)
            record = numpy.dtype([("n", "<i4"), ("s", text), ("v", number), ("r", ref), ("g", region)])
            records = f.create_dataset("records", (2,), record)
            records[0] = (1, "one", numpy.arange(3, dtype="i4"), f["z"].ref, last.regionref[0])
            last.make_scale("rows"), f.create_dataset("measured", (60,), "f4")
            f["steps"] = numpy.arange(60.)
            f["steps"].make_scale("steps")
            f["measured"].dims[0].attach_scale(f["steps"])
            one = h5py.h5s.create(h5py.h5s.SCALAR)
            for i, t in enumerate((h5py.h5t.UNIX_D32LE, h5py.h5t.UNIX_D64BE)):
                h5py.h5d.create(f.id, f"time{i}".encode(), t, h5py.h5s.create_simple((3,))).write(
                    h5py.h5s.ALL, h5py.h5s.ALL, numpy.arange(6 if i else 3, dtype="<i4"), mtype=t)
            f.create_dataset("single", (), number)[()] = numpy.arange(4)
            f.create_dataset("single ref", (), ref)[()] = last.ref
        for bounds in ("earliest", "latest"):
            source = self.made(fill, libver=bounds)
            self.survives(source)
            with h5py.File(io.BytesIO(self.convert(source, "hdf5", "hdf5").body)) as f:
                self.assertEqual(f["measured"].dims[0]["steps"], f["steps"])
                self.assertEqual(f[f["b/refs"].attrs["one"]], f["z/last"])

    def test_references_of_a_part_lead_inside_of_it_or_nowhere(self):
        def fill(f):
            f["outside"] = 1
            f["part/inner/x"] = numpy.arange(4)
            f["part/refs"] = numpy.array([f["part/inner/x"].ref, f["part"].ref, f["outside"].ref, f["part/inner"].ref], dtype=h5py.ref_dtype)
            f["alias"] = f["part"]
            f["partial"] = 2
            f["part/refs"].attrs["other"] = f["partial"].ref
        source = self.made(fill)
        for path in "/part", "alias", "part/":
            document = self.convert(source, "h5json", "hdf5", path=path).body
            for made in (self.convert(source, "hdf5", "hdf5", path=path).body, self.convert(document, "hdf5", "h5json").body):
                with h5py.File(io.BytesIO(made)) as f:
                    found = [f[r].name if r else None for r in f["refs"][()]]
                    self.assertEqual(found, ["/inner/x", "/", None, "/inner"], path)
                    self.assertFalse(f["refs"].attrs["other"])

    def test_links_named_types_and_fill_values_survive(self):
        def fill(f):
            f["types/point"] = numpy.dtype([("x", "<f4"), ("y", "<f4")])
            f["types/point"].attrs["unit"] = "m"
            a = f.create_group("a", track_order=True)
            a.create_dataset("points", (5,), dtype=f["types/point"])
            f.create_dataset("filled", (4, 4), "<i2", fillvalue=-7, chunks=(2, 2))
            f["again"] = f["a/points"]
            f["a/up"] = f["a"]
            f["soft"] = h5py.SoftLink("/a/points")
            f["dangling"] = h5py.SoftLink("/nowhere")
            f["outside"] = h5py.ExternalLink("/etc/passwd", "/x")
            f["nothing"] = h5py.Empty("f8")
            f["no rows"] = numpy.zeros((3, 0, 2))
            f["text"] = ["a", "é", ""]
            f["one text"] = "Zürich"
            f.attrs["text"] = ["x", "yz"]
            f.attrs["empty"] = h5py.Empty("S3")
            f.attrs["é"] = 2.5
            f["named"] = numpy.dtype(">i4")
            f["a"].attrs.create("typed", [1, 2], dtype=f["named"])
            del f["named"]
        source = self.made(fill)
        document = self.survives(source)
        self.assertEqual([sorted(d["alias"]) for d in document["datasets"].values() if len(d["alias"]) > 1],
                         [["/a/points", "/again"]])
        self.assertNotIn(b"root:", self.convert(source, "h5json", "hdf5").body)

    def test_fill_values_of_variable_length_survive(self):
        """Of documents, for h5py cannot make such files; they are seen in rows that are added to a copy."""
        text = h5py.string_dtype()
        kinds = {"text": (text, "Zürich"), "ints": (h5py.vlen_dtype("<i2"), [1, -2, 3]),
                 "pair": (numpy.dtype([("t", text), ("n", "<i4")]), ["x", 7])}

        def fill(f):
            for name, (dtype, _) in kinds.items():
                f.create_dataset(name, (2,), dtype, chunks=(2,), maxshape=(None,))
        document = json.loads(self.convert(self.made(fill), "h5json", "hdf5").body)
        for dataset in document["datasets"].values():
            dataset["creationProperties"]["fillValue"] = kinds[dataset["alias"][0][1:]][1]
        made = self.convert(json.dumps(document).encode(), "hdf5", "h5json")
        self.assertEqual(200, made.status, made)
        for body in (made.body, self.convert(made.body, "hdf5", "hdf5").body):
            said = json.loads(self.convert(body, "h5json", "hdf5").body)
            self.assertEqual({"/" + name: value for name, (_, value) in kinds.items()},
                             {d["alias"][0]: d["creationProperties"].get("fillValue") for d in said["datasets"].values()})
            with h5py.File(io.BytesIO(body), "r+") as f:
                for name in kinds:
                    f[name].resize((5,))
                self.assertEqual("Zürich".encode(), f["text"][4])
                self.assertEqual([1, -2, 3], list(f["ints"][4]))
                self.assertEqual((b"x", 7), tuple(f["pair"][4]))

    def test_long_attributes_survive(self):
        """More than 64 KB, which only objects whose attributes are tracked have room for; in their order."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "a.h5"
            with h5py.File(path, "w", libver="latest") as f:
                f["x"], f["t"] = [1, 2], numpy.dtype("i4")
                f.create_group("g")
                for o in (f, f["x"], f["g"], f["t"]):
                    for name in ("z", "long", "text", "a"):
                        o.attrs[name] = {"long": numpy.arange(20000), "text": "ü" * 100000}.get(name, 1)
            body = path.read_bytes()
        for copy in (self.server.convert(body, "hdf5"), self.server.convert(self.server.convert(body, "h5json"), "hdf5")):
            with h5py.File(io.BytesIO(copy)) as f:
                for o in (f, f["x"], f["g"], f["t"]):
                    self.assertEqual({"z", "long", "text", "a"}, set(o.attrs))
                    numpy.testing.assert_array_equal(numpy.arange(20000), o.attrs["long"])
                    self.assertEqual("ü" * 100000, o.attrs["text"])

    def test_a_group_and_a_dataset_are_files_of_their_own(self):
        def fill(f):
            f.create_dataset("a/b/grid", data=numpy.arange(60.).reshape(6, 10), chunks=(2, 5), compression="gzip")
            f["a/b/grid"].attrs["unit"] = "K"
            f["a/b/half"] = numpy.arange(3, dtype="f2")
            f["other"] = 1
        source = self.made(fill)
        for to in ("hdf5", "h5json"):
            with self.subTest(to):
                group = self.convert(source, to, "hdf5", path="/a").body
                one = self.convert(source, to, "hdf5", path="/a/b/grid").body
                if to == "h5json":
                    group, one = (self.convert(x, "hdf5", "h5json").body for x in (group, one))
                with h5py.File(io.BytesIO(source)) as a, h5py.File(io.BytesIO(group)) as b:
                    self.assertEqual(same_files(a["a"].file, a["a"].file, True), [])
                    self.assertEqual(sorted(b), ["b"])
                    self.assertEqual(b["b/grid"].chunks, (2, 5))
                    self.assertEqual(b["b/grid"].attrs["unit"], "K")
                    self.assertTrue(numpy.array_equal(a["a/b/grid"], b["b/grid"]))
                self.assertEqual(numpy.load(io.BytesIO(self.convert(one, "npy", "hdf5").body)).tolist(),
                                 numpy.arange(60.).reshape(6, 10).tolist())
        self.assertEqual(json.loads(self.convert(source, "json", "hdf5", path="/a/b/half", slice="1:").body), [1.0, 2.0])

    def test_any_value_is_a_document_and_comes_back(self):
        value = {"list": [1, 2, {"deep": None}], "tuple": (1, "x"), "big": 2**80, "bytes": b"\0\1",
                 "array": numpy.arange(6, dtype=">i2").reshape(2, 3), "odd": float("inf")}
        for spelling in ("string", "literal"):
            document = self.convert(pickle.dumps(value), "h5json", "pickle", nan=spelling)
            if spelling == "literal":
                continue  # which JSON readers refuse, ours too
            back = pickle.loads(self.convert(document.body, "pickle", "h5json").body)
            self.assertTrue(numpy.array_equal(back.pop("array"), value["array"]))
            self.assertEqual(back, {key: item for key, item in value.items() if key != "array"})

    def test_what_does_not_fit_is_refused_with_its_place(self):
        def document(type_, shape, value, **more):
            return json.dumps({"apiVersion": "1.1.1", "root": "g",
                               "groups": {"g": {"links": [{"class": "H5L_TYPE_HARD", "title": "d", "id": "d", **more.pop("link", {})},
                                                          {"class": "H5L_TYPE_HARD", "title": "e", "id": "e"}]}},
                               "datasets": {"e": {"type": i32, "shape": simple(4), "value": [1, 2, 3, 4]}, "d": {"type": type_, "shape": shape, "value": value, **more}}}).encode()

        i32 = {"class": "H5T_INTEGER", "base": "H5T_STD_I32LE"}
        text = {"class": "H5T_STRING", "length": 3, "charSet": "H5T_CSET_UTF8", "strPad": "H5T_STR_NULLPAD"}
        scalar = {"class": "H5S_SCALAR"}
        OBJECT, REGION = ({"class": "H5T_REFERENCE", "base": f"H5T_STD_REF_{kind}"} for kind in ("OBJ", "DSETREG"))
        nested = i32
        for _ in range(200):
            nested = {"class": "H5T_ARRAY", "base": nested, "dims": [1]}
        simple = lambda *dims: {"class": "H5S_SIMPLE", "dims": list(dims)}
        chunked = {"creationProperties": {"layout": {"class": "H5D_CHUNKED", "dims": [1 << 40]}}}
        rows = [
            ("an integer too big", i32, scalar, 1 << 31),
            ("a text too long", text, scalar, "four"),
            ("a list too short", i32, simple(3), [1, 2]),
            ("a shape that is a claim", i32, simple(1 << 40, 1 << 40), []),
            ("a type of its own base", nested, scalar, 1),
            ("a type that is none", {"class": "H5T_MAGIC"}, scalar, 1),
            ("no type", None, scalar, 1),
            ("a reference that is a number", OBJECT, scalar, 5),
            ("a reference of no kind", {"class": "H5T_REFERENCE", "base": "H5T_STD_REF"}, scalar, None),
            ("a region without a selection", REGION, scalar, {"path": "/d"}),
            ("a region that is text", REGION, scalar, "/d"),
            ("a region with a slice of letters", REGION, scalar, {"path": "/e", "slice": "a:b"}),
            ("a region with half a slice", REGION, scalar, {"path": "/e", "slice": "1:"}),
            ("a region with a step of nothing", REGION, scalar, {"path": "/e", "slice": "0:4:0"}),
            ("a region of too many dimensions", REGION, scalar, {"path": "/e", "slice": "0:1,0:1"}),
            ("a region beyond its dataset", REGION, scalar, {"path": "/e", "slice": "0:5"}),
            ("points that are a number", REGION, scalar, {"path": "/e", "points": 1}),
            ("points that are text", REGION, scalar, {"path": "/e", "points": [["a"]]}),
            ("points beyond the dataset", REGION, scalar, {"path": "/e", "points": [[4]]}),
            ("blocks that end before they begin", REGION, scalar, {"path": "/e", "blocks": [[[2], [1]]]}),
            ("blocks of three", REGION, scalar, {"path": "/e", "blocks": [[[0], [1], [2]]]}),
            ("a selection of no kind", REGION, scalar, {"id": "e", "select_type": "H5S_SEL_MAGIC", "selection": []}),
            ("a sequence of nothing", {"class": "H5T_VLEN"}, scalar, []),
            ("a sequence that is a number", {"class": "H5T_VLEN", "base": i32}, scalar, 1),
            ("a sequence of texts", {"class": "H5T_VLEN", "base": i32}, scalar, ["a"]),
            ("a time of no kind", {"class": "H5T_TIME", "base": "H5T_UNIX"}, scalar, 1),
            ("an element of 2 GB", {"class": "H5T_OPAQUE", "size": 1 << 31}, scalar, ""),
            ("a named type that nobody has", "datatypes/x", scalar, 1),
        ]
        for name, type_, shape, value in rows:
            with self.subTest(name):
                answer = self.convert(document(type_, shape, value), "hdf5", "h5json")
                self.assertEqual(answer.status, 422, answer)
                self.assertEqual(json.loads(answer.body)["pointer"], "/groups/g/links/d")
        self.assertEqual(self.convert(document(i32, simple(4), [1, 2, 3, 4], **chunked), "hdf5", "h5json").status, 413)
        for link in ({"title": "a/b"}, {"title": ""}, {"title": "x\0"}, {"id": "nobody"}, {"class": "H5L_TYPE_SOFT"}):
            self.assertEqual(self.convert(document(i32, scalar, 1, link=link), "hdf5", "h5json").status, 422, link)
        # Claims that cost nothing: no storage is taken for what has no value.
        empty = json.loads(document(i32, simple(1 << 40), None))
        del empty["datasets"]["d"]["value"]
        answer = self.convert(json.dumps(empty).encode(), "hdf5", "h5json")
        self.assertEqual(answer.status, 200, answer)
        self.assertLess(len(answer.body), 10_000)
        for body in (b"{}", b"[]", b'{"root": 1, "groups": {}}', b'{"root": "x", "groups": []}'):
            self.assertEqual(self.convert(body, "hdf5", "h5json").status, 400, body)

    def test_what_is_made_of_the_same_is_the_same(self):
        """No file has the time in it."""
        out = io.BytesIO()
        with h5py.File(out, "w") as f:
            f["named"] = numpy.dtype("i4")
            f.create_dataset("g/x", data=numpy.arange(3), dtype=f["named"]).attrs["a"] = 1
        def make():
            document = self.server.convert(out.getvalue(), "h5json", "hdf5")
            return [self.server.convert(out.getvalue(), "hdf5", "hdf5"), self.server.convert(document, "hdf5", "h5json"),
                    self.server.convert(b'{"a": [1, 2], "g": {"x": 1}}', "hdf5", "json")]
        first = make()
        time.sleep(1.1)
        self.assertEqual(first, make())

    def test_it_is_told_by_its_content(self):
        document = (FOLDER / "json" / "compound.json").read_bytes()
        answer = self.server.request("POST", "/v1/inspect", document)
        self.assertEqual(json.loads(answer.body)["format"], "h5json")


if __name__ == "__main__":
    unittest.main()
