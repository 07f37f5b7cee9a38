"""Disassembly: byte for byte what pickletools.dis prints; the same facts as JSON."""

import base64
import collections
import datetime
import decimal
import enum
import fractions
import io
import json
import pickle
import pickletools
import random
import subprocess
import sys
import tempfile
import unittest
import uuid

import numpy
import pandas

from mandoline import CORPUS, PROGRAM, Server

Point = collections.namedtuple("Point", "x y")


class Color(enum.Enum):
    RED = 1


class Slots:
    __slots__ = ("a", "b")

    def __init__(self):
        self.a, self.b = 1, "two"


class Keyed:
    """Pickled with NEWOBJ_EX."""

    def __new__(cls, *, key):
        return super().__new__(cls)

    def __getnewargs_ex__(self):
        return (), {"key": "value"}


class List(list):
    pass


class Persistent(pickle.Pickler):
    def persistent_id(self, obj):
        return "an-id" if isinstance(obj, uuid.UUID) else None


def values():
    shared = ["shared"]
    cyclic = [1, {}]
    cyclic[1]["self"] = cyclic
    recursive = ([],)
    recursive[0].append(recursive)
    yield from [None, True, False, 0, 1, -1, 255, 256, 65535, 65536, -2**31, 2**31 - 1, 2**31, -2**31 - 1, 2**63, -2**63,
                2**64, 10**100, -10**100, 10**1000, 0.0, -0.0, 1.5, 0.1, 1e300, 5e-324, 1e16, 1e22, 123456.789,
                float("inf"), float("-inf"), float("nan"), 1 + 2j]
    yield from ["", "text", "it's", 'say "so"', "both ' and \"", "tab\t nl\n cr\r nul\0 del\x7f back\\slash", "\x80\x85\xa0\xad\xff",
                "é ß ł 漢字 🂡 \u200b\u2028\ue000\U000e0001\U0010ffff", "\ud800 \udfff", "x" * 255, "é" * 128, "y" * 70000,
                "'" * 10000 + "漢" * 10000]
    yield from [b"", b"bytes", b"it's", b'say "so"', b"both ' and \"", bytes(range(256)), b"z" * 70000, bytearray(b""),
                bytearray(b"it's \x00\xff"), bytearray(range(256)) * 300]
    yield from [[], [1], [1, 2], list(range(2500)), (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), {}, {1: 2}, {"a": 1, "b": 2},
                {i: str(i) for i in range(2500)}, set(), {1, 2}, frozenset(), frozenset({1, 2}), [shared, shared], cyclic,
                recursive, [[[[[[]]]]], [((((1, 2, 3, 4), 5, 6, 7), 8, 9, 10),)]], list(map(str, range(600))) * 2]
    yield from [datetime.datetime(2024, 2, 29, 12, 30, 1, 5, datetime.timezone.utc), datetime.date(2000, 1, 1),
                datetime.timedelta(days=-1, seconds=5), decimal.Decimal("1.10"), fractions.Fraction(1, 3), uuid.UUID(int=5),
                collections.OrderedDict(a=1, b=2), collections.defaultdict(list, a=[1]), collections.Counter("abca"),
                collections.deque([1, 2], maxlen=3), Point(1, 2), Color.RED, range(1, 10, 2), slice(1, None), int, len,
                Keyed(key=1), List([1, 2]), ValueError("wrong")]
    yield from [numpy.arange(6.0).reshape(2, 3), numpy.asfortranarray(numpy.arange(6).reshape(2, 3)), numpy.float32(1.5),
                numpy.dtype("f8"), numpy.array(["a", "bc"]), numpy.array([1, None], dtype=object), numpy.arange(100000),
                numpy.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]), numpy.array(5), numpy.ma.array([1, 2], mask=[0, 1]),
                numpy.array(["2020-01-01"], dtype="M8[D]")]
    yield pandas.DataFrame({"a": [1, 2], "b": ["x", None], "c": pandas.Categorical(["u", "v"])})


def written():
    """Pickles of all of them, as many ways as there are."""
    for value in values():
        for protocol in range(6):
            yield pickle.dumps(value, protocol)
    for protocol in range(2, 6):
        yield pickle.dumps(Slots(), protocol)
    for protocol in range(6):
        out = io.BytesIO()
        Persistent(out, protocol).dump([1, uuid.UUID(int=1), "end"])
        yield out.getvalue()
    yield pickle.dumps([pickle.PickleBuffer(b"out of band"), pickle.PickleBuffer(bytearray(b"too"))], 5,
                       buffer_callback=lambda buffer: False)


# Opcodes that CPython no longer writes, or never did, in pickles that it reads.
BY_HAND = {
    b"I01\nI00\n\x86.", b"I-12\nL-99L\nL100000000000000000000L\n\x87.", b"F1e5\n.", b"F-inf\n.",
    b"S'it\\'s \\x41\\n'\np0\n.", b'S"double \' quoted"\n.', b"U\x03\x00a\xff.", b"T\x04\x00\x00\x00\xe9t\xe9 .", b"Vraw \\u20ac \xe9\n.",
    b"(lp0\nI1\na(dp1\nVk\nI2\nsa.", b"cos\nsystem\n(S'ls'\ntR.", b"(iposix\nsystem\np0\n.", b"(S'a'\nioperator\nadd\n.",
    b"(cos\nPathLike\nK\x01o.", b"P12345\n.", b"K\x05Q.", b"\x82\x01\x83\x00\x01\x84\x00\x00\x01\x00\x87.",
    b"K\x012\x86.", b"K\x01K\x020.", b"(K\x01(K\x020000K\x03.", b"(K\x011N.", b"(K\x010K\x02(000N.", b"(K\x01K\x02l.",
    b"]q\x00h\x00a.", b"]r\x00\x01\x00\x00j\x00\x01\x00\x00a.", b"]p7\ng7\na.", b"\x8b\x02\x00\x00\x00\x00\x80.",
    b"\x8a\x00.", b"\x8b\x00\x00\x00\x00.", b"\x8e\x03\0\0\0\0\0\0\0abc.", b"\x8d\x03\0\0\0\0\0\0\0abc.", b"B\x03\0\0\0abc.",
    b"\x96\x03\0\0\0\0\0\0\0a'c.", b"(K\x01\x91.", b"\x8f(K\x01\x90.", b"\x80\x00N.", b"\x80\x05\x80\x02N.", b"\x97\x98.",
    b"\x95\x02\0\0\0\0\0\0\0N.", b"\x8c\x02os\x8c\x06system\x93.", b"c__builtin__\nlist\n)}\x92.", b"}(NNu.", b"](NNe.",
    b"(K\x01K\x02d.", b"G\x7f\xf0\0\0\0\0\0\0.", b"G\xbf\xf0\0\0\0\0\0\x01.", b"V" + b"\\ud83d\\ude00\n.", b"c__main__\nit's\n.",
}


def dis(data):
    """What Python prints. ValueError: it does not like the pickle."""
    out = io.StringIO()
    pickletools.dis(data, out)
    return out.getvalue().encode("utf-8")


class Disassemble(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def text(self, data, **query):
        answer = self.server.request("POST", "/v1/disassemble", data, **query)
        self.assertEqual(200, answer.status, answer)
        self.assertEqual("text/plain; charset=utf-8", answer.headers["Content-Type"])
        return answer.body

    def json(self, data, **query):
        answer = self.server.request("POST", "/v1/disassemble", data, format="json", **query)
        self.assertEqual(200, answer.status, answer)
        self.assertEqual("application/json", answer.headers["Content-Type"])
        return json.loads(answer.body)

    def same_text(self, data):
        expected, seen = dis(data), self.text(data)
        if expected != seen:
            pairs = zip(expected.splitlines(), seen.splitlines())
            self.fail(next((f"{a[:200]!r} is {b[:200]!r} in {data[:80]!r}" for a, b in pairs if a != b), "lengths differ"))

    def test_text_is_what_pickletools_prints(self):
        seen = set()
        for data in [*written(), *BY_HAND]:
            self.same_text(data)
            seen |= {opcode.name for opcode, _, _ in pickletools.genops(data)}
        self.assertEqual({opcode.name for opcode in pickletools.opcodes}, seen)

    def test_every_character_is_shown_as_repr_shows_it(self):
        for start in range(0, 0x110000, 0x10000):
            self.same_text(pickle.dumps("".join(map(chr, range(start, start + 0x10000))), 4))

    def test_json_has_the_same_opcodes_and_arguments(self):
        for data in [*written(), *BY_HAND]:
            document = self.json(data)
            [one] = document["pickles"]
            expected = list(pickletools.genops(data))
            self.assertEqual([(o.name, ord(o.code), o.proto, at) for o, _, at in expected],
                             [(o["opcode"], o["code"], o["protocol"], o["offset"]) for o in one["opcodes"]])
            for (opcode, argument, _), row in zip(expected, one["opcodes"]):
                self.assertEqual(self.as_json(opcode, argument), row["argument"], opcode.name)
            self.assertEqual(max(o.proto for o, _, _ in expected), one["protocol"])
            self.assertEqual((True, True, len(data), 0),
                             (document["complete"], one["complete"], one["size"], document["trailing"]))

    @staticmethod
    def as_json(opcode, argument):
        if isinstance(argument, str):
            argument = json.loads(json.dumps(argument))  # two surrogates that make a pair are one character in JSON
        if isinstance(argument, (bytes, bytearray)):
            return base64.b64encode(argument).decode()
        if isinstance(argument, float) and not abs(argument) < float("inf"):
            return repr(argument)
        return argument.split(" ") if opcode.name in ("GLOBAL", "INST") else argument

    def test_memo_marks_and_depth_are_told(self):
        rows = self.json(b"(]\x94(K\x01h\x00et.")["pickles"][0]["opcodes"]
        self.assertEqual([(None, None, 0, 0), (None, None, 1, 1), (0, None, 1, 1), (None, None, 1, 1), (None, None, 2, 2),
                          (0, None, 2, 3), (None, 3, 2, 1), (None, 0, 1, 1), (None, None, 0, 0)],
                         [(r["memo"], r["mark"], r["indent"], r["depth"]) for r in rows])

    def test_several_in_a_row(self):
        parts = [pickle.dumps(["first"], 4), pickle.dumps({"second": 2}, 0), pickle.dumps(3, 2), pickle.dumps([4], 1)]
        data = io.BytesIO(b"".join(parts))
        expected = []
        for _ in parts:
            out = io.StringIO()
            pickletools.dis(data, out)
            expected.append(out.getvalue())
        data = data.getvalue()
        self.assertEqual("\n".join(expected).encode(), self.text(data))
        self.assertEqual(b"\n5 bytes follow that are no pickle\n", self.text(data + b"12345")[-35:])
        for index, part in enumerate(expected):
            self.assertEqual(part.encode(), self.text(data, index=index))
            [one] = self.json(data, index=index)["pickles"]
            self.assertEqual((index, len(parts[index])), (one["index"], one["size"]))
        document = self.json(data + b"\xff")
        self.assertEqual(([0, 1, 2, 3], 1), ([p["index"] for p in document["pickles"]], document["trailing"]))

    def test_long_arguments_are_cut_where_that_is_asked_for(self):
        data = pickle.dumps(["漢字" * 100, b"\xff" * 100, "short"], 4)
        text = self.text(data, width=10).decode()
        self.assertIn("'漢字漢'... (600 bytes)\n", text)
        self.assertIn(f"{bytes([255] * 10)!r}... (100 bytes)\n", text)
        self.assertIn("'short'\n", text)
        rows = {o["opcode"]: o for o in self.json(data, width=10)["pickles"][0]["opcodes"] if "length" in o}
        self.assertEqual(("漢字漢", 600), (rows["BINUNICODE"]["argument"], rows["BINUNICODE"]["length"]))
        self.assertEqual(("/////////////w==", 100), (rows["SHORT_BINBYTES"]["argument"], rows["SHORT_BINBYTES"]["length"]))

    def test_where_pickletools_gives_up_this_goes_on(self):
        """Python reads all of these; pickletools takes base 10 alone, and nothing left on the stack."""
        for data in [b"I0x1f\n.", b"NN.", b"(N.", b"Np0\np0\n.", b"S'\xe9'\n."]:
            self.assertRaises(ValueError, dis, data)
            self.assertTrue(self.json(data)["complete"], data)
        self.assertEqual(31, self.json(b"I0x1f\n.")["pickles"][0]["opcodes"][0]["argument"])

    def test_damage_ends_the_listing(self):
        """What is printed before pickletools raises comes first in ours."""
        data = pickle.dumps({"list": [1, 2.5, "text"], "bytes": b"\0\1", "array": numpy.arange(3)}, 4)
        whole = self.text(data).splitlines()
        for cut in range(1, len(data)):
            lines = self.text(data[:cut]).splitlines()
            self.assertRegex(lines[-1], rb"^damaged at byte \d+: ")
            self.assertEqual(whole[:len(lines) - 1], lines[:-1])
            self.assertTrue(cut < 12 or len(lines) > 2, "a frame that is cut off is listed as far as it goes")
            document = self.json(data[:cut])
            [one] = document["pickles"]
            self.assertEqual((False, False, len(lines) - 1), (document["complete"], one["complete"], len(one["opcodes"])))
            self.assertEqual(int(lines[-1].split()[3].rstrip(b":")), one["problem"]["offset"])

    def test_changed_bytes_are_read_as_pickletools_reads_them(self):
        """Each goes as far as it can: what both have printed is the same."""
        random.seed(1)
        samples = [data for data in written() if len(data) < 2000]
        for _ in range(5000):
            data = bytearray(random.choice(samples))
            for _ in range(random.randint(1, 3)):
                data[random.randrange(len(data))] = random.randrange(256)
            out = io.StringIO()
            try:
                pickletools.dis(bytes(data), out)
            except (ValueError, IndexError):
                pass
            expected = out.getvalue().encode("utf-8", "surrogatepass").splitlines()
            seen = self.text(bytes(data)).splitlines()
            if seen[-1].startswith((b"damaged", b"stopped")):
                seen.pop()
            for a, b in zip(expected, seen):
                if b"\\\\" in b and b.split()[2] in (b"GLOBAL", b"INST", b"PERSID"):
                    continue  # Python undoes escapes in names when it disassembles, not when it loads
                self.assertEqual(a.replace(b"no MARK exists on stack", b"").rstrip(), b, bytes(data))

    def test_a_hundred_megabytes_come_in_pieces(self):
        data = pickle.dumps(bytes(range(256)) * 400000, 4)
        self.assertEqual(dis(data), self.text(data))

    def test_the_command_prints_the_same(self):
        data = pickle.dumps({"a": [1, 2]}, 4)
        def run(*arguments):
            return subprocess.run([PROGRAM, "disassemble", *arguments], input=data, capture_output=True, check=True).stdout
        self.assertEqual(dis(data), run("-"))
        with tempfile.NamedTemporaryFile(suffix=".pkl") as file:
            file.write(data)
            file.flush()
            self.assertEqual(dis(data), run(file.name))
            self.assertEqual(json.loads(run(file.name, "--format", "json")), self.json(data))


READ = """
import io, pickletools, sys
out = io.StringIO()
pickletools.dis(open(sys.argv[1], "rb").read(), out)
sys.stdout.buffer.write(out.getvalue().encode())
"""


@unittest.skipUnless(CORPUS.is_dir(), "the corpus of real files is not here")
class Corpus(unittest.TestCase):
    def test_every_pickle_that_pickletools_takes(self):
        server = Server()
        self.addCleanup(server.stop)
        same = 0
        for path in sorted((CORPUS / "pickle").rglob("*")):
            if not path.is_file() or path.suffix in (".md", ".json", ".txt", ".py"):
                continue
            data = path.read_bytes()
            answer = server.request("POST", "/v1/disassemble", data)
            self.assertEqual(200 if data else 400, answer.status, path)
            done = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True)
            if done.returncode == 0:
                with self.subTest(path=path.name):
                    self.assertEqual(done.stdout, answer.body[:len(done.stdout)])
                    same += 1
        print(f"{same} files of the corpus are disassembled as pickletools does")


if __name__ == "__main__":
    unittest.main()
