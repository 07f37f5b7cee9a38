#!/usr/bin/python3
"""Writes cases.txt: numbers, and what they come to.

A line a case: dtype | elements in hexadecimal | finite nan infinite | min max positive_min strict_positive_min |
mean std (complex: real imaginary std). What is not defined is none. Means and deviations are those of exact fractions;
NumPy, on float64, says the same where its sums don't overflow or lose what is small beside what is big.
"""

import decimal
import pathlib
import warnings
from fractions import Fraction

import numpy

warnings.simplefilter("ignore")
decimal.getcontext().prec = 60
LINES = []
RNG = numpy.random.default_rng(20)


def root(fraction):
    number = decimal.Decimal(fraction.numerator) / decimal.Decimal(fraction.denominator)
    return number.sqrt()


def exactly(numbers):
    """The mean and the variance."""
    fractions = [Fraction(int(x) if x.dtype.kind in "biu" else float(x)) for x in numbers]
    mean = sum(fractions) / len(fractions)
    return mean, sum((f - mean) ** 2 for f in fractions) / len(fractions)


def text(number):
    return repr(float(number)) if not isinstance(number, (int, numpy.integer)) else str(number)


def extremes(a):
    """Of finite numbers."""
    chosen = [a, a, a[a >= 0], a[a > 0]]
    pick = [numpy.min, numpy.max, numpy.min, numpy.min]
    whole = a.dtype.kind in "biu"
    return [("none" if len(c) == 0 else text(int(p(c)) if whole else float(p(c)))) for c, p in zip(chosen, pick)]


def case(a, numpy_agrees=True):
    real = a.astype("c16" if a.dtype.kind == "c" else "f8") if a.dtype.kind in "fc" else a
    finite = numpy.isfinite(real)
    nan = numpy.isnan(real)
    counts = [int(finite.sum()), int(nan.sum()), int((~finite & ~nan).sum())]
    kept = real[finite]
    if len(kept) == 0:
        most, moments = ["none"] * 4, ["none"] * (3 if a.dtype.kind == "c" else 2)
    elif a.dtype.kind == "c":
        (x, xx), (y, yy) = exactly(kept.real), exactly(kept.imag)
        most, moments = ["none"] * 4, [text(x), text(y), text(root(xx + yy))]
    else:
        mean, variance = exactly(kept)
        most, moments = extremes(kept), [text(mean), text(root(variance))]
        if numpy_agrees:
            spaced = numpy.where(finite, real.astype("f8"), numpy.nan)
            numpy.testing.assert_allclose([float(m) for m in moments], [numpy.nanmean(spaced), numpy.nanstd(spaced)], 1e-12)
    order = {"<": "<", "=": "<", ">": ">", "|": "|"}[a.dtype.byteorder]
    name = f"{order}{a.dtype.kind}{a.dtype.itemsize}"
    LINES.append(" | ".join([name, a.tobytes().hex() or "-", " ".join(map(str, counts)), " ".join(most), " ".join(moments)]))


for kind in "b1 i1 i2 i4 i8 u1 u2 u4 u8".split():
    info = (0, 2) if kind == "b1" else (numpy.iinfo(kind).min, numpy.iinfo(kind).max)
    for order in "<>":
        dtype = numpy.dtype(kind).newbyteorder(order)
        case(numpy.array([], dtype))
        case(numpy.array([info[1] - 1], dtype))
        case(RNG.integers(info[0], info[1], 21, dtype=kind).astype(dtype))
        if kind[0] == "i":
            case(numpy.array([-5, -3, -4], dtype))
            case(numpy.array([-5, 0, 7, 3, 0], dtype))
        if kind[0] == "u":
            case(numpy.array([0, 0, 9, 2], dtype))
for kind in "f2 f4 f8 g".split():
    for order in "<>":
        dtype = numpy.dtype(kind).newbyteorder(order)
        case(numpy.array([], dtype))
        case(RNG.normal(size=19).astype(dtype))
        case(numpy.array([numpy.nan, 1.5, -numpy.inf, numpy.inf, -2.25, numpy.nan, 0.5], dtype))
        case(numpy.array([numpy.nan, numpy.inf], dtype))
        case(numpy.array([-1, -2.5], dtype))
        case(numpy.array([-1, 0, -2.5], dtype))
        case(numpy.array([-1, 3, 0, 2.5], dtype))
        case(numpy.full(7, 0.1, dtype), False)  # NumPy's deviation is not 0
for kind in "c8 c16 G".split():
    for order in "<>":
        dtype = numpy.dtype(kind).newbyteorder(order)
        case(numpy.array([], dtype))
        case((RNG.normal(size=11) + 1j * RNG.normal(size=11)).astype(dtype))
        case(numpy.array([1 + 2j, complex(numpy.nan, 1), complex(1, numpy.inf), 3 - 4j, complex(numpy.nan, numpy.inf)], dtype))

near = RNG.normal(size=15)
case(numpy.array([1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16]))
case(1e12 + near, False)
case(numpy.array([1e308, 1.7e308, 1.2e308, -1e308]), False)
case(numpy.array([1.7e308, -1.7e308]), False)
case(numpy.array([1e200, 3e200, -2e200]), False)
case(numpy.array([1e-200, 3e-200, -2e-200]), False)
case(numpy.array([5e-324, 1e-323, 1e-322]), False)
case(numpy.array([2**63 - 1, 2**63 - 1, 2**63 - 2, 2**63 - 6]), False)
case(numpy.array([-2**63, -2**63, -2**63 + 1, -2**63 + 5]), False)
case(numpy.array([-2**63, 2**63 - 1, 0, 17]), False)
case(numpy.array([2**64 - 1, 2**64 - 2, 2**64 - 9], "u8"), False)
case(numpy.array([2**64 - 1, 0, 1, 2**63], "u8"), False)

(pathlib.Path(__file__).parent / "cases.txt").write_text("\n".join(LINES) + "\n")
