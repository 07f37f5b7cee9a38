"""Chunked datasets by both paths, ours and the HDF5 library's: types x shapes x filters x versions of the format, random
selections; NumPy is the judge. A path that is forced says so when it cannot read something."""

import itertools
import pathlib
import random
import struct
import tempfile
import unittest

import h5py
import numpy
from h5py import h5z

try:
    import bitshuffle
except ImportError:
    bitshuffle = None
try:
    import zstandard
except ImportError:
    zstandard = None

from mandoline import CORPUS, Server, quote

RNG = numpy.random.default_rng(7)
PATHS = ("direct", "library", "auto")
SELECTIONS = 50

RECORD = numpy.dtype([("a", "<i2"), ("b", ">f8"), ("c", "S3")])
PADDED = numpy.dtype([("a", "i1"), ("b", "<f8")], align=True)
DTYPES = ["i1", "<u2", ">i4", "<i8", "<f2", ">f4", "<f8", "<c16", "S5", "?", RECORD, PADDED]
# Shape and chunk: with an edge, exact, wider than the dataset, of three dimensions, of one element.
SHAPES = [((1000,), (96,)), ((40, 30), (10, 30)), ((37, 29), (8, 7)), ((5, 6), (9, 16)), ((9, 11, 13), (4, 5, 6)), ((7,), (1,))]


def available(number):
    return h5z.filter_avail(number)


# What create_dataset takes; those that h5py has, then those that Debian's packages bring.
FILTERS = {
    "none": {},
    "gzip": {"compression": "gzip"},
    "gzip-shuffle": {"compression": "gzip", "shuffle": True},
    "gzip-shuffle-fletcher32": {"compression": "gzip", "shuffle": True, "fletcher32": True},
    "fletcher32": {"fletcher32": True},
    "shuffle": {"shuffle": True},
    "lzf": {"compression": "lzf"},
    "lzf-shuffle-fletcher32": {"compression": "lzf", "shuffle": True, "fletcher32": True},
    "szip": {"compression": "szip", "compression_opts": ("nn", 8)},
    "szip-ec": {"compression": "szip", "compression_opts": ("ec", 4)},
    "bzip2": {"compression": 307, "compression_opts": (9,)},
    "blosc-blosclz": {"compression": 32001, "compression_opts": (0, 0, 0, 0, 5, 1, 0)},
    "blosc-lz4": {"compression": 32001, "compression_opts": (0, 0, 0, 0, 5, 1, 1)},
    "blosc-zlib-bits": {"compression": 32001, "compression_opts": (0, 0, 0, 0, 5, 2, 4)},
    "blosc-zstd-plain": {"compression": 32001, "compression_opts": (0, 0, 0, 0, 5, 0, 5)},
    "lz4": {"compression": 32004, "compression_opts": (128,)},
    "bitshuffle": {"compression": 32008, "compression_opts": (0, 0)},
    "bitshuffle-lz4": {"compression": 32008, "compression_opts": (0, 2)},
    "bitshuffle-lz4-16": {"compression": 32008, "compression_opts": (16, 2)},
}


def usable(options):
    number = options.get("compression")
    return not isinstance(number, int) or available(number)


def random_data(dtype, shape):
    dtype = numpy.dtype(dtype)
    if dtype.names:
        data = numpy.zeros(shape, dtype)
        for name in dtype.names:
            data[name] = random_data(dtype[name], shape)
        return data
    if dtype.kind == "S":
        return RNG.integers(0, 10**6, shape).astype("S").astype(dtype)
    if dtype.kind == "?":
        return RNG.integers(0, 2, shape).astype(bool)
    data = RNG.integers(-60, 60, shape).cumsum(axis=-1) % 100 + RNG.integers(0, 2)
    return (data * (1 + 0.5j) if dtype.kind == "c" else data).astype(dtype)


def random_selection(shape):
    """The text of slice=, and NumPy's index; at most one list, and then nothing but slices beside it."""
    texts, index, lists = [], [], random.random() < 0.3
    at = random.randrange(len(shape)) if lists else None
    for axis, n in enumerate(shape):
        if axis == at:
            picked = [random.randrange(n) for _ in range(random.randint(1, 5))]
            texts.append("[" + ",".join(map(str, picked)) + "]")
            index.append(picked)
        elif not lists and random.random() < 0.2:
            index.append(random.randrange(n))
            texts.append(str(index[-1]))
        else:
            start, stop = sorted((random.randrange(n + 1), random.randrange(n + 1)))
            step = random.choice([1, 1, 1, 2, 3, 7])
            if random.random() < 0.2:
                start, stop, step = stop - 1 if stop > 0 else 0, start, -step
            texts.append(f"{start}:{stop}:{step}")
            index.append(slice(start, stop, step))
    return ",".join(texts), tuple(index)


def little(array):
    """The bytes of the answer as bin: little-endian, holes of records zero."""
    array = numpy.asarray(array)
    if not array.dtype.names:
        return array.astype(array.dtype.newbyteorder("<")).tobytes()
    clean = numpy.zeros(array.shape, array.dtype.newbyteorder("<"))
    for name in array.dtype.names:
        clean[name] = array[name]
    return clean.tobytes()


class Chunks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="mandoline-chunks-")
        cls.folder = pathlib.Path(cls.temporary.name)
        cls.servers = {path: Server(cls.folder, "--hdf5-path", path) for path in PATHS}

    @classmethod
    def tearDownClass(cls):
        for server in cls.servers.values():
            server.stop()
        cls.temporary.cleanup()

    def check(self, name, path, whole, selections):
        for text, index in selections:
            expect = little(numpy.asarray(whole[index], whole.dtype))  # a scalar of text has lost its zeros
            for which, server in self.servers.items():
                answer = server.get(f"/v1/data/{name}", path=path, slice=text, format="bin")
                self.assertEqual(answer.status, 200, (which, name, path, text, answer))
                self.assertEqual(answer.body, expect, (which, name, path, text))

    def check_random(self, name, path, whole, count=SELECTIONS):
        self.check(name, path, whole, [("...", (...,))] + [random_selection(whole.shape) for _ in range(count)])

    def check_file(self, name, datasets, count):
        for path, whole in datasets.items():
            with self.subTest(name=name, path=path):
                self.check_random(name, path, whole, count)

    def test_every_filter(self):
        for libver, block in (("earliest", 512), ("latest", 0)):
            datasets = {}
            name = f"filters-{libver}.h5"
            with h5py.File(self.folder / name, "w", libver=libver, userblock_size=block) as f:
                for filter_, options in FILTERS.items():
                    if not usable(options):
                        print(f"skipped: h5py cannot write {filter_} here")
                        continue
                    for dtype in ("<f4", ">i8"):
                        whole = random_data(dtype, (50, 40))
                        path = f"{filter_}-{dtype[1:]}"
                        f.create_dataset(path, data=whole, chunks=(16, 13), **options)
                        datasets[path] = whole
            self.check_file(name, datasets, SELECTIONS)

    def test_every_type_and_shape(self):
        for libver in ("earliest", "latest"):
            datasets = {}
            name = f"types-{libver}.h5"
            with h5py.File(self.folder / name, "w", libver=libver) as f:
                filters = itertools.cycle(["gzip-shuffle-fletcher32", "none", "lzf", "gzip"])
                for i, (dtype, (shape, chunk)) in enumerate(itertools.product(DTYPES, SHAPES)):
                    most = (None,) * len(shape) if i % 3 == 0 else None
                    whole = random_data(dtype, shape)
                    # Without maxshape a chunk wider than the dataset is refused by h5py.
                    most = (None,) * len(shape) if any(c > s for c, s in zip(chunk, shape)) else most
                    f.create_dataset(str(i), data=whole, chunks=chunk, maxshape=most, **FILTERS[next(filters)])
                    datasets[str(i)] = whole
            self.check_file(name, datasets, 8)

    def test_what_was_never_written_is_the_fill_value(self):
        datasets = {}
        with h5py.File(self.folder / "fill.h5", "w", userblock_size=1024) as f:
            for fill, filter_ in itertools.product((None, -7), ("none", "gzip-shuffle")):
                path = f"{filter_}{fill}"
                d = f.create_dataset(path, (60, 50), "<i4", chunks=(8, 8), fillvalue=fill, **FILTERS[filter_])
                d[10:30, 5:20] = random_data("i4", (20, 15))
                datasets[path] = d[...]
                f.create_dataset(path + "empty", (60, 50), "<i4", chunks=(8, 8), fillvalue=fill, **FILTERS[filter_])
                datasets[path + "empty"] = f[path + "empty"][...]
        self.check_file("fill.h5", datasets, SELECTIONS)

    def test_every_index_of_chunks(self):
        """The latest format has one for each: single, implicit, fixed array, extensible array, B-tree."""
        datasets = {}
        with h5py.File(self.folder / "index.h5", "w", libver="latest") as f:
            for path, shape, chunk, most, options in (
                    ("single", (30, 20), (30, 20), None, {"compression": "gzip"}),
                    ("fixed", (30, 20), (7, 6), None, {"compression": "gzip"}),
                    ("extensible", (30, 20), (7, 6), (None, 20), {"compression": "gzip", "shuffle": True}),
                    ("tree", (30, 20), (7, 6), (None, None), {"compression": "lzf"})):
                datasets[path] = random_data("<i4", shape)
                f.create_dataset(path, data=datasets[path], chunks=chunk, maxshape=most, **options)
            space = h5py.h5s.create_simple((30, 20))
            properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            properties.set_chunk((7, 6))
            properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
            d = h5py.Dataset(h5py.h5d.create(f.id, b"implicit", h5py.h5t.STD_I32LE, space, properties))
            d[...] = datasets["implicit"] = random_data("<i4", (30, 20))
        self.check_file("index.h5", datasets, SELECTIONS)

    def test_filters_that_were_not_applied_to_some_chunks(self):
        whole = random_data("<i4", (64,))
        with h5py.File(self.folder / "mask.h5", "w") as f:
            d = f.create_dataset("x", data=whole, chunks=(16,), compression="gzip", shuffle=True, fletcher32=True)
            d.id.write_direct_chunk((16,), whole[16:32].tobytes(), 0b111)
            d.id.write_direct_chunk((32,), whole[32:48].view("u1").reshape(-1, 4).T.tobytes(), 0b110)
        self.check_file("mask.h5", {"x": whole}, SELECTIONS)

    def write_encoded(self, f, path, whole, chunk, number, values, encode):
        """A dataset whose chunks encode() makes from the bytes, for filters that h5py has no encoder for here."""
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_chunk(chunk)
        properties.set_filter(number, h5z.FLAG_OPTIONAL, values)
        space = h5py.h5s.create_simple(whole.shape)
        d = h5py.Dataset(h5py.h5d.create(f.id, path.encode(), h5py.h5t.py_create(whole.dtype), space, properties))
        starts = [range(0, n, c) for n, c in zip(whole.shape, chunk)]
        for start in itertools.product(*starts):
            padded = numpy.zeros(chunk, whole.dtype)
            part = whole[tuple(slice(s, s + c) for s, c in zip(start, chunk))]
            padded[tuple(slice(0, n) for n in part.shape)] = part
            d.id.write_direct_chunk(start, encode(padded))

    @unittest.skipUnless(zstandard, "python3-zstandard is not here")
    def test_zstd(self):
        whole = random_data("<f8", (40, 30))
        with h5py.File(self.folder / "zstd.h5", "w") as f:
            for sized in (True, False):
                encoder = zstandard.ZstdCompressor(write_content_size=sized)
                self.write_encoded(f, f"sized{sized}", whole, (16, 16), 32015, (3,),
                                   lambda chunk: encoder.compress(chunk.tobytes()))
        self.check_file("zstd.h5", {"sizedTrue": whole, "sizedFalse": whole}, SELECTIONS)

    @unittest.skipUnless(zstandard and bitshuffle, "python3-zstandard or bitshuffle is not here")
    def test_bitshuffle_with_zstd(self):
        """Debian's bitshuffle is built without: its shuffling, in the frames of anybody."""
        def encode(chunk, block=64):
            elements = chunk.ravel()
            out = struct.pack(">QI", chunk.nbytes, block * chunk.itemsize)
            whole = len(elements) // 8 * 8
            for at in range(0, whole, block):
                packed = zstandard.ZstdCompressor().compress(bitshuffle.bitshuffle(elements[at:min(at + block, whole)]).tobytes())
                out += struct.pack(">I", len(packed)) + packed
            return out + elements[whole:].tobytes()

        whole = random_data("<i4", (40, 30))
        with h5py.File(self.folder / "bitzstd.h5", "w") as f:
            self.write_encoded(f, "x", whole, (15, 13), 32008,
                               (64, 3, 5) if available(32008) else (0, 4, 4, 64, 3, 5), encode)
        self.check_file("bitzstd.h5", {"x": whole}, SELECTIONS)

    def test_an_unknown_filter_is_named_and_spoils_nothing_else(self):
        with h5py.File(self.folder / "unknown.h5", "w") as f:
            properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            properties.set_chunk((16,))
            properties.set_filter(32013, h5z.FLAG_OPTIONAL, (1,))
            d = h5py.Dataset(h5py.h5d.create(f.id, b"x", h5py.h5t.IEEE_F64LE, h5py.h5s.create_simple((16,)), properties))
            d.id.write_direct_chunk((0,), b"anything")
            f["y"] = 1
        for server in self.servers.values():
            answer = server.get("/v1/data/unknown.h5", path="x", format="bin")
            self.assertEqual(answer.status, 422, answer)
            self.assertIn(b"32013", answer.body)
            meta = server.get("/v1/meta/unknown.h5", path="x")
            self.assertEqual(meta.status, 200, meta)
            self.assertIn(b"32013", meta.body)
            self.assertEqual(server.get("/v1/data/unknown.h5", path="y").body.strip(), b"1")

    def test_damaged_chunks_are_problems(self):
        """On every path the same status, and the chunks beside it are read."""
        whole = random_data("<i4", (64,))
        with h5py.File(self.folder / "damaged.h5", "w") as f:
            for filter_ in ("gzip", "fletcher32", "lzf", "szip", "blosc-lz4", "lz4", "bitshuffle-lz4", "bzip2"):
                if usable(FILTERS[filter_]):
                    d = f.create_dataset(filter_, data=whole, chunks=(16,), **FILTERS[filter_])
                    stored = bytearray(d.id.read_direct_chunk((16,))[1])
                    stored[len(stored) // 2] ^= 0x55
                    stored[-1] ^= 0xAA
                    d.id.write_direct_chunk((16,), bytes(stored[:-1] if filter_ != "szip" else stored[:5]))
            names = list(f)
        for name, (which, server) in itertools.product(names, self.servers.items()):
            with self.subTest(filter=name, path=which):
                answer = server.get("/v1/data/damaged.h5", path=name, slice="16:32", format="bin")
                self.assertIn(answer.status, (400, 422), answer)
                answer = server.get("/v1/data/damaged.h5", path=name, slice="0:16", format="bin")
                self.assertEqual(answer.body, whole[:16].tobytes())

    @unittest.skipUnless(available(4), "h5py has no szip here")
    def test_szip_that_ends_early_is_damage(self):
        """libsz says nothing of it, and what is missing would be what its memory held before."""
        whole = random_data("<i4", (4096,))
        with h5py.File(self.folder / "early.h5", "w") as f:
            for part in (5, 40, 400):
                d = f.create_dataset(str(part), data=whole, chunks=(4096,), **FILTERS["szip"])
                d.id.write_direct_chunk((0,), d.id.read_direct_chunk((0,))[1][:part])
        for part, (which, server) in itertools.product((5, 40, 400), self.servers.items()):
            answer = server.get("/v1/data/early.h5", path=str(part), format="bin")
            self.assertEqual(answer.status, 400, (part, which, answer))

    def test_bytes_between_fields_are_zero_whatever_the_file_has(self):
        """A file keeps them as its writer's memory had them."""
        elements = numpy.frombuffer(bytes(i % 251 + 1 for i in range(40 * PADDED.itemsize)), PADDED).copy()
        with h5py.File(self.folder / "holes.h5", "w") as f:
            for name, how in {"contiguous": {}, "chunked": {"chunks": (7,)}, "packed": {"chunks": (7,), "compression": "gzip"}}.items():
                d = f.create_dataset(name, (40,), PADDED, **how)
                d.id.write(h5py.h5s.ALL, h5py.h5s.ALL, elements, mtype=d.id.get_type())
        self.assertIn(elements.tobytes()[:32], (self.folder / "holes.h5").read_bytes())
        for name in ("contiguous", "chunked", "packed"):
            self.check_random("holes.h5", name, elements, 5)

    @unittest.skipUnless(CORPUS.is_dir(), "the corpus of real files is not here")
    def test_the_corpus_gives_the_same_on_both_paths(self):
        compared = 0
        folder = CORPUS / "hdf5-json/hdf5"
        servers = {path: Server(folder, "--hdf5-path", path) for path in ("direct", "library")}
        try:
            for file in sorted(folder.glob("*.h5")):
                for path in chunked(file):
                    answers = [s.get(f"/v1/data/{quote(file.name)}", path=path, format="npy") for s in servers.values()]
                    self.assertEqual(answers[0].status, answers[1].status, (file.name, path, answers))
                    self.assertEqual(answers[0].body, answers[1].body, (file.name, path))
                    compared += answers[0].status == 200
        finally:
            for server in servers.values():
                server.stop()
        print(f"{compared} chunked datasets of the corpus compared")


def chunked(file):
    found = []
    try:
        with h5py.File(file) as f:
            f.visititems(lambda name, o: found.append(name) if isinstance(o, h5py.Dataset) and o.chunks else None)
    except (OSError, RuntimeError, TypeError):
        pass
    return found


if __name__ == "__main__":
    unittest.main()
