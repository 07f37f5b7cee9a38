#!/usr/bin/python3
"""Writes prefixes.txt beside it: bytes, and where Python's strict and surrogatepass decoders stop."""

import itertools
import random

random.seed(20240229)


def stop(data, errors):
    try:
        data.decode("utf-8", errors)
        return len(data)
    except UnicodeDecodeError as e:
        return e.start


def cases():
    firsts = (0x00, 0x7F, 0x80, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF)
    others = (0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0)
    for first in firsts:
        yield bytes([first])
        for second in others:
            yield bytes([first, second])
            yield bytes([first, second, 0xBF])
            yield bytes([first, second, 0x80, 0x80])
    for tail in itertools.product((0x7F, 0xBF, 0xC0), repeat=2):
        yield bytes([0xF1, 0xBF, *tail])
    alphabet = ("a", "\xe9", "\u20ac", "\ud800", "\udfff", "\U0001f600", "bcdefghij" * 3)
    for _ in range(200):
        data = bytearray("".join(random.choices(alphabet, k=random.randint(1, 12))).encode("utf-8", "surrogatepass"))
        if random.random() < 0.5:
            data[random.randrange(len(data))] = random.randrange(256)
        yield bytes(data[: random.randint(1, len(data))])


with open("prefixes.txt", "w", encoding="ascii") as f:
    f.writelines(f"{c.hex()} {stop(c, 'strict')} {stop(c, 'surrogatepass')}\n" for c in cases())
