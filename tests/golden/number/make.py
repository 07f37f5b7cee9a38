#!/usr/bin/python3
"""Writes the files beside it: what Python and NumPy say about numbers. Run it in this folder."""

import pickle
import random
import struct
import zlib
from decimal import Decimal, getcontext

import numpy as np

random.seed(20240229)
getcontext().prec = 2000


def bits_of(x):
    return struct.unpack("<Q", struct.pack("<d", x))[0]


def double_of(bits):
    return struct.unpack("<d", struct.pack("<Q", bits))[0]


def write(name, rows):
    with open(name, "w", encoding="ascii") as f:
        f.writelines(" ".join(row) + "\n" for row in rows)


def hard_doubles():
    """Bits of finite doubles: every kind of boundary, then any."""
    yield from (0, 1, 2, 3, 2**52 - 1, 2**52, 2**52 + 1, 0x7FEFFFFFFFFFFFFF, 1 << 63, 0x7FF << 52, 0xFFF << 52)
    for exponent in list(range(-1074, 1024, 97)) + [-1074, -1073, -1022, -44, -1, 0, 1, 52, 53, 54, 1023]:
        b = bits_of(2.0**exponent)
        yield from (b - 1 if b else b, b, b + 1)
    for exponent in list(range(-323, 309, 19)) + [-5, -4, -3, 14, 15, 16, 17, 22, 23]:
        b = bits_of(float(f"1e{exponent}"))
        yield from (b - 1, b, b + 1)
    for text in ("9007199254740991 9007199254740992 9007199254740994 9999999999999998 123456789012345680 0.1 0.3 "
                 "1.5e-7 123.456 9.5367431640625e-07 2.2250738585072011e-308 4.35 0.000123 100 1e21 5e-324 "
                 "1.7976931348623157e308 9.109e-31 6.02214076e23 9.9999999999999995e22 1e23 0.5 4503599627370496.5 "
                 "4503599627370497.5 2.0000000000000004e15 8.41e21 2.0919495182368195e19 299792458").split():
        yield bits_of(float(text))
        yield bits_of(-float(text))
    for _ in range(200):
        yield random.getrandbits(62)
        yield bits_of(random.random())


def hard_decimals():
    """Texts of numbers: exact middles of two doubles, a digit more or less, and every spelling."""
    yield from ("0 -0 +0 1 -1 +1.5 1. .5 -.5e1 0e999999999999 1e-999999999999999999999 1e999999999999999999999 -1e400 "
                "00001 0.00001e5 1E5 1e+5 1e05 123456789012345678 1234567890123456789 12345678901234567890 "
                "9007199254740993 9007199254740993.0 9007199254740992.99999999999999999999 2.4703282292062327e-324 "
                "2.4703282292062328e-324 1.7976931348623158e308 1.7976931348623159e308 2.2250738585072012e-308 "
                "179769313486231570814527423731704356798070567525844996598917476803157260780028538760589558632766878e209 "
                "18446744073709551615 18446744073709551616 1152921504606846975.1 8.5e-323 3.0540412e5 6929495644600919.5 "
                "7.2057594037927933e16 1e22 1e23 1e-22 9007199254740992e22 9007199254740994e22 1e-323 4e-324 "
                "100000000000000000000000000000000000000000000e-44").split()
    for i in range(80):
        bits = random.getrandbits(random.randint(1, 53)) if i % 5 == 0 else random.randrange(0x7FE << 52)
        middle = (Decimal(double_of(bits)) + Decimal(double_of(bits + 1))) / 2
        digits, exponent = int("".join(map(str, middle.as_tuple().digits))), middle.as_tuple().exponent
        yield f"{digits}e{exponent}"
        yield f"{digits * 10 - 1}e{exponent - 1}"
        if i % 4 == 0:
            yield f"{digits}{'0' * random.choice((1, 100, 1000))}1e{exponent - 1}"
            yield "{:f}".format(middle)
        for places in (17, 18, 19, 20, 25):
            yield "{:.{}e}".format(middle, places)
    for _ in range(100):
        yield f"{random.getrandbits(random.randint(1, 64))}e{random.randint(-345, 310)}"
        yield f"{random.getrandbits(random.randint(1, 40))}.{random.getrandbits(random.randint(1, 40))}"


def shortest(x):
    """The shortest digits of x in its own width, spelled as repr spells them."""
    if np.isnan(x):
        return "nan"
    return repr(float(np.format_float_scientific(x, unique=True, trim="-")))


def hard_floats():
    yield from (0, 1, 2, 0x7FFFFF, 0x800000, 0x7F7FFFFF, 0x7F800000, 0xFF800000, 0x7FC00000, 0x80000000)
    for exponent in range(-149, 128, 7):
        b = int(np.float32(2.0**exponent).view(np.uint32))
        yield from (b - 1, b, b + 1)
    for exponent in range(-45, 39):
        b = int(np.float32(10.0**exponent).view(np.uint32))
        yield from (b - 1, b, b + 1)
    for _ in range(200):
        yield random.getrandbits(32)


def hard_extended():
    """(ten bytes, what NumPy's longdouble makes of them)"""
    cases = [(0, 0), (0x8000, 0), (0x7FFF, 1 << 63), (0xFFFF, 1 << 63), (0x7FFF, 3 << 62), (0x3FFF, 1 << 63),
             (1, 1 << 63), (0, 1), (0x7FFE, 2**64 - 1), (0x43FE, 2**64 - 1), (0x43FE, 2**64 - 2**10 - 1),
             (0x43FE, 2**64 - 2**10), (0x3FFF, 2**63 + 2**10), (0x3FFF, 2**63 + 3 * 2**10), (0x3FFF, 2**63 + 2**10 + 1),
             (0x3FFF - 1074, 1 << 63), (0x3FFF - 1075, 1 << 63), (0x3FFF - 1075, (1 << 63) + 1), (0x3FFF - 1076, 2**64 - 1)]
    cases += [(0x3FFF + e, (1 << 63) | random.getrandbits(63)) for e in range(-1080, 1026, 31)]
    cases += [(0x3FFF + e, (1 << 63) | random.getrandbits(63)) for e in range(-1078, -1020, 3)]
    for head, fraction in cases:
        raw = struct.pack("<QH", fraction, head)
        value = np.frombuffer(raw + bytes(6), np.longdouble)[0]
        with np.errstate(all="ignore"):
            yield raw.hex(), "nan" if np.isnan(value) else f"{bits_of(float(np.float64(value))):016x}"


def hard_integers():
    yield from (0, 1, -1)
    for bits in (7, 8, 9, 15, 16, 31, 32, 53, 54, 55, 63, 64, 65, 71, 72, 127, 128, 129, 255, 256, 511, 1000, 1023, 1024, 1025):
        for d in (-1, 0, 1):
            yield from (2**bits + d, -(2**bits) + d)
    for digits in (1, 17, 18, 19, 20, 37, 38, 39, 56, 57, 58, 100):
        yield from (10**digits - 1, 10**digits, -(10**digits))
    for shift in (1, 11, 12, 64, 75, 128, 960, 970, 971):
        for m in (2**53 - 1, 2**53 + 1, 2**54 + 2, 2**54 + 6, 2**54 - 1):
            yield from (m << shift, (m << shift) + 1, -(m << shift) - 1)
    for _ in range(60):
        yield random.getrandbits(random.randint(1, 700)) * random.choice((1, -1))


def nearest(n):
    try:
        return float(n)
    except OverflowError:
        return float("inf") if n > 0 else float("-inf")


write("doubles.txt", ((f"{b:016x}", repr(double_of(b))) for b in hard_doubles()))
write("floats.txt", ((f"{b:08x}", shortest(np.uint32(b).view(np.float32))) for b in hard_floats()))
write("decimals.txt", ((t, f"{bits_of(float(t)):016x}") for t in hard_decimals()))
write("extended.txt", hard_extended())
write("integers.txt", ((str(n), pickle.encode_long(n).hex() or "-", f"{bits_of(nearest(n)):016x}")
                       for n in hard_integers()))

halves = "".join(shortest(h) + "\n" for h in np.arange(65536, dtype=np.uint16).view(np.float16))
back = [bits_of(1.0 + i * 2.0**-12) for i in range(64)] + [bits_of(i * 2.0**-26) for i in range(64)] + [random.getrandbits(64) for _ in range(32)]
write("halves.txt", [(f"{zlib.crc32(halves.encode()):08x}",)])
with np.errstate(all="ignore"):
    write("to_half.txt", ((f"{b:016x}", f"{int(np.float64(double_of(b)).astype(np.float16).view(np.uint16)):04x}")
                          for b in back + [bits_of(x) for x in (65504.0, 65519.999, 65520.0, 65536.0, 1e300, -65520.0, 5.9e-8,
                                                              2.0**-25, 2.0**-25 * 1.0000001, -0.0, float("inf"))]
                          if double_of(b) == double_of(b)))
