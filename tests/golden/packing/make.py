#!/usr/bin/python3
"""Makes the cases beside it, with Python's own modules (and lz4's, zstandard's) as the packers.

streams.txt: the packing that its first bytes tell, the stream in hexadecimal, what is in it, and how many bytes
follow that are none of it.
zips.txt: a line each archive: its name, its bytes, and how many members; a line each member: its name in the
directory, that of its local header, what it holds ("?": it is broken), and what is odd about it, as a number of
archive.h's facts.
"""
import bz2
import gzip
import io
import lzma
import pathlib
import struct
import types
import zipfile
import zlib

import lz4.frame
import zstandard

HERE = pathlib.Path(__file__).parent
TEXT = b"A mandoline slices. " * 20 + bytes(range(256))


def hexed(data):
    return data.hex() or "-"


def streams():
    alone = lzma.compress(TEXT, lzma.FORMAT_ALONE)
    old = zlib.compress(TEXT)
    header = b"ZF" + hex(len(TEXT)).encode().ljust(19)
    skippable = struct.pack("<II", 0x184d2a53, 5) + b"hello"
    frame = zstandard.compress(TEXT)
    packers = {
        "gzip": lambda data: gzip.compress(data, mtime=0), "bz2": bz2.compress, "xz": lzma.compress,
        "lz4": lz4.frame.compress, "zstd": zstandard.compress,
    }
    for name, pack in packers.items():
        yield name, pack(b""), b"", 0
        yield name, pack(TEXT), TEXT, 0
        yield name, pack(TEXT) + pack(b"") + pack(TEXT[:3]), TEXT + TEXT[:3], 0
        yield name, pack(TEXT) + bytes(8) + pack(b"!"), TEXT + b"!", 0
        yield name, pack(TEXT) + bytes(4), TEXT, 0
        yield name, pack(TEXT) + b"junk", TEXT, 4
    yield "zstd", skippable + frame + skippable + frame, TEXT * 2, 0
    yield "lz4", skippable + lz4.frame.compress(TEXT, block_linked=True, content_checksum=True), TEXT, 0
    yield "lzma", alone, TEXT, 0
    for level in (0, 1, 6, 9):
        yield "zlib", zlib.compress(TEXT, level), TEXT, 0
    yield "zlib", zlib.compress(TEXT) + zlib.compress(TEXT), TEXT, len(old)
    yield "zfile", header + old, TEXT, 0
    yield "zfile", header + b" " + old, TEXT, 0


(ONLY_LOCAL, ONLY_CENTRAL, NAME, METHOD, FLAGS, SIZE, ENCRYPTED, CUT, OVERLAP, TWICE, PREFIX, SUFFIX,
 NO_END) = (1 << i for i in range(13))


def zipped(*members, stream=False, comment=b"", force_zip64=False):
    out = io.BytesIO()
    pipe = types.SimpleNamespace(write=out.write, flush=out.flush)  # cannot seek: sizes follow the data
    with zipfile.ZipFile(pipe if stream else out, "w") as z:
        z.comment = comment
        for name, data, method in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            with z.open(info, "w", force_zip64=force_zip64) as f:
                f.write(data)
    return out.getvalue()


def put(data, at, new):
    return data[:at] + new + data[at + len(new):]


def zips():
    stored, deflated = ("a", b"hello", zipfile.ZIP_STORED), ("b/c", TEXT, zipfile.ZIP_DEFLATED)
    plain = [("a", "a", b"hello", 0), ("b/c", "b/c", TEXT, 0)]
    both = zipped(stored, deflated)
    first = both.index(b"PK\1\2")
    second = both.index(b"PK\1\2", first + 4)
    local = both.index(b"PK\3\4", 4)
    yield "empty", zipped(), 0, []
    yield "two", both, 0, plain
    yield "bz2", zipped(("x", TEXT, zipfile.ZIP_BZIP2)), 0, [("x", "x", TEXT, 0)]
    yield "streamed", zipped(stored, deflated, stream=True), 0, plain
    yield "zip64", zipped(stored, deflated, force_zip64=True), 0, plain
    yield "comment", zipped(stored, deflated, comment=b"a comment"), 0, plain
    yield "end-in-comment", put(zipped(stored, deflated, comment=bytes(60)), len(both) + 10, b"PK\5\6" + b"\xff" * 30), 0, plain
    yield "prefixed", b"#!/bin/sh\n" + both, PREFIX, plain
    yield "suffixed", both + b"\x80\x04N.", SUFFIX, plain
    yield "in-a-zip", zipped(("z", both, zipfile.ZIP_STORED)), 0, [("z", "z", both, 0)]
    yield "no-directory", both[:first], NO_END, [(n, l, d, f | ONLY_LOCAL) for n, l, d, f in plain]
    streamed = zipped(deflated, stream=True)
    yield "streamed-no-directory", streamed[:streamed.index(b"PK\1\2")], NO_END, [("b/c", "b/c", TEXT, ONLY_LOCAL)]
    yield "hidden", put(both, first, both[second:second + 49]) [:first + 49] + put(both[second + 49:], 8, b"\1\0\1\0" + struct.pack("<II", 49, first)), 0, [
        ("b/c", "b/c", TEXT, 0), ("a", "a", b"hello", ONLY_LOCAL)]
    yield "encrypted", put(both, first + 8, b"\1"), 0, [("a", "a", b"hello", FLAGS | ENCRYPTED), plain[1]]
    yield "renamed", put(both, first + 46, b"X"), 0, [("X", "a", b"hello", NAME), plain[1]]
    yield "wrong-crc", put(both, first + 16, b"xxxx"), 0, [("a", "a", b"hello", SIZE), plain[1]]
    yield "other-method", put(both, local + 8, b"\0"), 0, [plain[0], ("b/c", "b/c", TEXT, METHOD)]
    yield "lost", put(both, first + 42, b"\xff\xff"), 0, [("a", "", b"", ONLY_CENTRAL), plain[1], ("a", "a", b"hello", ONLY_LOCAL | TWICE)]
    yield "too-long", put(both, second + 20, b"\xff\xff\xff\0"), 0, [plain[0], ("b/c", "b/c", TEXT, SIZE | CUT)]
    yield "too-short", put(both, second + 20, b"\5"), 0, [plain[0], ("b/c", "b/c", None, SIZE)]
    yield "broken", put(both, local + 33, b"\xff"), 0, [plain[0], ("b/c", "b/c", None, 0)]
    yield "overlap", put(both, first + 20, b"\xff\0\0\0\xff"), 0, [
        ("a", "a", both[local - 5:local + 250], SIZE), ("b/c", "b/c", TEXT, OVERLAP)]
    yield "twice", zipped(stored, ("a", b"other", zipfile.ZIP_STORED)), 0, [plain[0], ("a", "a", b"other", TWICE)]


def main():
    with open(HERE / "streams.txt", "w") as f:
        for name, packed, plain, rest in streams():
            f.write(f"{name} {hexed(packed)} {hexed(plain)} {rest:x}\n")
    with open(HERE / "zips.txt", "w") as f:
        for name, data, facts, members in zips():
            if name not in ("end-in-comment", "broken") and facts == 0 and all(odd == 0 for _, _, _, odd in members):  # what is not odd, zipfile reads as we say
                with zipfile.ZipFile(io.BytesIO(data)) as z:
                    assert [(i.filename, z.read(i)) for i in z.infolist()] == [(n, d) for n, _, d, _ in members], name
            f.write(f"{name} {hexed(data)} {len(members):x} {facts:x}\n")
            for central, local, plain, odd in members:
                f.write(f"{hexed(central.encode())} {hexed(local.encode())} {'?' if plain is None else hexed(plain)} {odd:x}\n")


if __name__ == "__main__":
    main()
