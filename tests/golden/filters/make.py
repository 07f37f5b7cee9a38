#!/usr/bin/python3
"""Stored chunks as h5py and Debian's encoders write them, with what they hold: one file a pipeline.

u32 filters, for each u32 number, u32 count, u32 values; u32 length, the stored chunk; the chunk. Little-endian."""

import io
import pathlib
import struct

import bitshuffle
import h5py
import numpy
import zstandard

HERE = pathlib.Path(__file__).parent
CHUNK = (20 + numpy.arange(203) // 9 % 7 * 0.5).astype("<f4")


def write(name, filters, stored):
    out = struct.pack("<I", len(filters))
    for number, values in filters:
        out += struct.pack(f"<II{len(values)}I", number, len(values), *values)
    (HERE / f"{name}.chunk").write_bytes(out + struct.pack("<I", len(stored)) + stored + CHUNK.tobytes())


def by_h5py(name, **options):
    with h5py.File(io.BytesIO(), "w") as f:
        d = f.create_dataset("x", data=CHUNK, chunks=CHUNK.shape, **options)
        properties = d.id.get_create_plist()
        filters = [properties.get_filter(i) for i in range(properties.get_nfilters())]
        mask, stored = d.id.read_direct_chunk((0,))
        assert mask == 0
        write(name, [(number, values) for number, _, values, _ in filters], stored)


def bitshuffle_zstd(block=64):
    out = struct.pack(">QI", CHUNK.nbytes, block * CHUNK.itemsize)
    whole = len(CHUNK) // 8 * 8
    for at in range(0, whole, block):
        packed = zstandard.ZstdCompressor().compress(bitshuffle.bitshuffle(CHUNK[at:min(at + block, whole)]).tobytes())
        out += struct.pack(">I", len(packed)) + packed
    return out + CHUNK[whole:].tobytes()


by_h5py("gzip-shuffle-fletcher32", compression="gzip", shuffle=True, fletcher32=True)
by_h5py("lzf", compression="lzf")
by_h5py("szip", compression="szip", compression_opts=("nn", 8))
by_h5py("bzip2", compression=307, compression_opts=(9,))
for i, codec in zip((0, 1, 3, 4, 5), ("blosclz", "lz4", "snappy", "zlib", "zstd")):
    by_h5py(f"blosc-{codec}", compression=32001, compression_opts=(0, 0, 0, 0, 5, 1 + i % 2, i))
by_h5py("lz4", compression=32004, compression_opts=(256,))
by_h5py("bitshuffle", compression=32008, compression_opts=(0, 0))
by_h5py("bitshuffle-lz4", compression=32008, compression_opts=(64, 2))
write("bitshuffle-zstd", [(32008, (0, 4, 4, 64, 3, 5))], bitshuffle_zstd())
write("zstd", [(32015, (3,))], zstandard.ZstdCompressor().compress(CHUNK.tobytes()))
