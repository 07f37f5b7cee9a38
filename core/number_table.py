#!/usr/bin/python3
"""Writes number_table.c: python3 core/number_table.py > core/number_table.c"""

MIN, MAX, EXACT = -342, 324, 27


def log2_floor(k):
    """floor(log2(10 ** k)), exactly."""
    return (10**k).bit_length() - 1 if k >= 0 else -((10**-k).bit_length())


def power(k):
    """10 ** k as a 128-bit integer, rounded up, times a power of two."""
    shift = 127 - log2_floor(k)
    numerator, denominator = (10**k, 1) if k >= 0 else (1, 10**-k)
    if shift >= 0:
        numerator <<= shift
    else:
        denominator <<= -shift
    return -(-numerator // denominator)


print("/* Made by number_table.py: change that. */")
print('#include "number_table.h"\n')
print("const struct power number_powers[POWER_MAX - POWER_MIN + 1] = {")
for k in range(MIN, MAX + 1):
    g = power(k)
    high, low = g >> 64, g & (2**64 - 1)
    assert log2_floor(k) == k * 1741647 >> 19, "power_log2 is wrong"
    assert 2**63 <= high < 2**64 - 64, "the reader adds a few units of high to an upper bound"
    assert (low == 0) == (0 <= k <= EXACT)
    print(f"    {{0x{high:016x}, 0x{low:016x}}}, /* {k} */")
print("};")
