"""JSON to pickle, byte for byte: what pickle.dumps and pickletools.optimize make of the documents that json.loads reads."""

import json
import pickle
import pickletools
import random
import unittest

from mandoline import Server
from test_round_trips import builtins

DOCUMENTS = 320
LENGTHS = [0, 1, 2, 3, 4, 255, 256, 257]  # where opcodes and batches change
LONG = [65534, 65535, 65536, 65537, 70000, 200000]
NUMBERS = [sign * (2**bits + off) for bits in (0, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 1000, 2039, 2040, 9000)
           for off in (-1, 0, 1) for sign in (1, -1)]
FLOATS = [0.0, -0.0, 0.1, 1e16, 1e22, 1e23, 123456789012345680.0, 5e-324, 1.7976931348623157e308, 2.5, -1e-7, 1e100]
ALPHABETS = ["abc", "abc \"\\\n\r\t\0\x1a/", "\x7f\x80\u00e9\u00ff\u0100", "\u07ff\u0800\u65e5\uffff", "\U0001f600\U0010ffff\U00010000",
             "\ud800\udfff"]


class Documents:
    """Random documents: each is of its number alone."""

    def __init__(self, number):
        self.random = random.Random(number)
        self.keys = [self.text() for _ in range(5)]
        self.texts = [self.text() for _ in range(5)]
        self.left = self.random.choice([1, 5, 50, 300])

    def text(self):
        r = self.random
        length = r.choice([r.randrange(12), r.randrange(12), r.choice(LENGTHS)])
        return "".join(r.choices(r.choice(ALPHABETS), k=length))

    def key(self):
        return self.random.choice(self.keys) if self.random.random() < 0.6 else self.text()

    def scalar(self):
        r = self.random
        return r.choice([lambda: None, lambda: True, lambda: False, lambda: r.choice(NUMBERS), lambda: r.choice(NUMBERS),
                         lambda: r.choice(FLOATS), lambda: r.uniform(-1e6, 1e6), self.text, self.text,
                         lambda: r.choice(self.texts), lambda: r.choice(self.texts)])()

    def value(self, depth=0):
        r = self.random
        self.left -= 1
        if self.left <= 0 or depth > 12 or (depth > 0 and r.random() < 0.5):
            return self.scalar()
        count = r.choice([0, 1, 2, 3, r.randrange(20)])
        if r.random() < 0.5:
            return [self.value(depth + 1) for _ in range(count)]
        return {self.key(): self.value(depth + 1) for _ in range(count)}

    def big(self):
        """One thing that is long: a text outside of frames, batches, many small ones over several frames."""
        r = self.random
        count = r.choice([999, 1000, 1001, 1999, 2000, 2001, 3000])
        return r.choice([
            lambda: r.choice("x\u00e9\u65e5") * r.choice(LONG),
            lambda: [r.choice("xy") * n for n in r.choices(LONG, k=3)] + [self.value()],
            lambda: {r.choice("xy") * n: self.value() for n in r.choices(LONG, k=3)},
            lambda: [self.scalar() for _ in range(count)],
            lambda: {f"key{i}": self.scalar() for i in range(count)},
            lambda: [{k: self.scalar() for k in self.keys} for _ in range(count)],
            lambda: [[], {}, ""] * count,
            lambda: [str(i) * 3 for i in range(8 * count)],
        ])()


def document(number):
    maker = Documents(number)
    value = [maker.value(), maker.big()] if number % 8 == 0 else maker.value()
    return json.dumps(value, ensure_ascii=number % 2 == 0 or has_surrogates(value))


def has_surrogates(value):
    return "\\ud800" in json.dumps(value) or "\\udfff" in json.dumps(value) or not encodes(value)


def encodes(value):
    try:
        json.dumps(value, ensure_ascii=False).encode()
        return True
    except UnicodeEncodeError:
        return False


class Written(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def equal(self, expect, got, what):
        if expect != got:  # the bytes themselves may be megabytes
            at = next((i for i, (x, y) in enumerate(zip(expect, got)) if x != y), min(len(expect), len(got)))
            near = slice(max(0, at - 20), at + 20)
            self.fail(f"{what}: {len(expect)} and {len(got)} bytes, at {at}: {expect[near]!r} and {got[near]!r}")

    def test_documents_of_json(self):
        for number in range(DOCUMENTS):
            text = document(number)
            for protocol in range(6):
                expect = pickle.dumps(json.loads(text), protocol)
                what = f"document {number}, protocol {protocol}"
                self.equal(expect, self.server.convert(text.encode(), "pickle", "json", protocol=protocol), what)
                self.equal(pickletools.optimize(expect),
                           self.server.convert(text.encode(), "pickle", "json", protocol=protocol, optimize="true"),
                           f"{what}, optimized")

    def test_a_key_that_is_there_twice(self):
        text = '{"a": 1, "b": "a", "a": [{"b": 2, "": ""}], "": "b"}'
        for protocol in range(6):
            self.equal(pickle.dumps(json.loads(text), protocol),
                       self.server.convert(text.encode(), "pickle", "json", protocol=protocol), protocol)

    def test_optimized_pickles_are_those_of_pickletools(self):
        """Of everything else too: what we write plainly, less what pickletools would take away."""
        for value in builtins():
            for protocol in range(6):
                body = pickle.dumps(value, protocol)
                plain = self.server.convert(body, "pickle", "pickle", protocol=protocol)
                small = self.server.convert(body, "pickle", "pickle", protocol=protocol, optimize="true")
                self.equal(pickletools.optimize(plain), small, f"{value!r:.60}, protocol {protocol}")


if __name__ == "__main__":
    unittest.main()
