#!/usr/bin/python3
"""Makes the cases beside it: what Python's json module accepts and what it makes of it, and what is refused.

y_NAME.in is a document, y_NAME.out what json.dumps writes of json.loads of it (in UTF-8, without blanks,
lone surrogates as escapes). n_NAME.in is refused; n_NAME.offset is the byte that is wrong.
"""
import json
import pathlib

HERE = pathlib.Path(__file__).parent

GOOD = {
    "null": "null", "true": "true", "false": "false",
    "zero": "0", "minus_zero_int": "-0", "minus_zero": "-0.0", "one": "1", "minus_one": "-1",
    "int_18_digits": "999999999999999999", "int_19_digits": "9223372036854775807",
    "int64_min": "-9223372036854775808", "past_int64": "9223372036854775808",
    "past_int64_min": "-9223372036854775809", "uint64_max": "18446744073709551615",
    "past_2_53": "9007199254740993", "big_int": "1" + "0" * 400, "minus_big_int": "-" + "7" * 100,
    "float": "0.1", "float_exponent": "1e10", "float_capital_exponent": "1E+2", "float_minus_exponent": "1e-7",
    "float_long": "0.1000000000000000055511151231257827021181583404541015625",
    "float_half_way": "9007199254740993.0", "float_large": "1.7976931348623157e308",
    "float_denormal": "5e-324", "float_min": "2.2250738585072014e-308", "float_underflow": "1e-400",
    "float_overflow": "1e400", "float_minus_overflow": "-1e400", "float_zero_exponent": "0e5",
    "float_many_digits": "123456789012345678901234567890.123456789",
    "empty_string": '""', "string": '"abc"', "string_of_8": '"12345678"', "string_of_16": '"1234567890123456"',
    "escapes": r'"\"\\\/\b\f\n\r\t"', "escape_at_8": r'"1234567\n"', "escape_at_9": r'"12345678\n9"',
    "unicode_escape": r'"\u0041\u00e9\u20AC\uFFFF"', "nul_escape": r'"a\u0000b"',
    "pair": r'"\ud83d\ude00"', "pair_in_capitals": r'"\uD83D\uDE00"', "lone_high": r'"\ud800"',
    "lone_low": r'"\udc00x"', "two_highs": r'"\ud800\ud800\udc00"', "low_then_high": r'"\udc00\ud800"',
    "high_then_letter": r'"\ud800\u0041"', "high_at_end": r'"abc\ud83d\n"', "surrogate_and_text": r'"é\ud800€"',
    "utf8": '"äöü€😀"', "utf8_of_all_lengths": '"\x7f\x80\u07ff\u0800\uffff\U00010000\U0010ffff"',
    "delete_is_plain": '"\x7f"', "control_escapes": r'"\u0001\u001f\u007f"',
    "line_separators": '"\u2028\u2029"', "long_string": '"' + "x" * 5000 + r'\n' + "é" * 3000 + '"',
    "empty_list": "[]", "empty_dict": "{}", "blanks": " \t\r\n[ 1 , 2 ]\n ", "list": '[1,"a",null,true,[],{}]',
    "nested": '[[[[[[1]]]],{"a":{"b":[{"c":[]}]}}]]', "deep": "[" * 900 + "]" * 900,
    "dict": '{"a":1,"b":[2],"c":{"d":3}}', "empty_key": '{"":1}', "escaped_key": r'{"\u0061b":1}',
    "duplicate_keys": '{"a":1,"b":2,"a":3}', "duplicate_by_escape": r'{"a":1,"\u0061":2,"b":3}',
    "duplicates_nested": '{"a":{"a":1,"a":2},"a":{"b":{"a":3}},"b":{"a":4}}',
    "same_keys_in_a_list": '[{"a":1,"b":2},{"b":3,"a":4},{"a":5,"a":6}]',
    "surrogate_key": r'{"\ud800":1}', "dunder_key": '{"$tuple":[1,2]}', "comma_in_string": '[",","]","}"]',
    "singletons": '["a","a","","\\u00e9","é",{"a":"a","":"","é":"é"}]',
}

BAD = {
    "empty": ("", 0), "blanks": (" \n", 2), "bom": ("\ufeff1", 0), "nan": ("NaN", 0),
    "infinity": ("[Infinity]", 1), "minus_infinity": ("-Infinity", 1), "two_values": ("1 2", 2),
    "trailing_garbage": ("[] x", 3), "trailing_comma_list": ("[1,]", 3), "trailing_comma_dict": ('{"a":1,}', 7),
    "leading_comma": ("[,1]", 1), "two_commas": ("[1,,2]", 3), "missing_comma": ("[1 2]", 3),
    "missing_colon": ('{"a" 1}', 5), "missing_value": ('{"a":}', 5), "missing_key": ("{1:2}", 1),
    "single_quotes": ("['a']", 1), "bare_word": ("[abc]", 1), "wrong_literal": ("trux", 3),
    "short_literal": ("nul", 3), "long_literal": ("nullx", 4), "capital": ("True", 0), "leading_zero": ("01", 1),
    "minus_leading_zero": ("-01", 2), "plus": ("+1", 0), "minus_alone": ("-", 1), "minus_letter": ("-x", 1),
    "point_first": (".5", 0), "point_last": ("1.", 2), "point_exponent": ("1.e5", 2), "exponent_empty": ("1e", 2),
    "exponent_sign": ("[1e+]", 4), "hex": ("0x10", 1), "two_points": ("1.2.3", 3), "comment": ("[1/*2*/]", 2),
    "unclosed_list": ("[1", 2), "unclosed_after_comma": ("[1,", 3), "unclosed_dict": ('{"a":1', 6),
    "unclosed_key": ('{"a', 3), "unclosed_string": ('"abc', 4), "unclosed_escape": ('"abc\\', 5),
    "unclosed_quote_escape": ('"abc\\"', 6), "wrong_closer": ("[1}", 2), "wrong_closer_dict": ('{"a":1]', 6),
    "closer_alone": ("]", 0), "extra_closer": ("[]]", 2), "newline_in_string": ('"a\nb"', 2),
    "tab_in_string": ('["\t"]', 2), "nul_in_string": ('"ab\0"', 3), "nul_after_value": ("1\0", 1),
    "nul_before_value": ("\0", 0), "unit_separator": ('"12345678\x1f"', 9), "bad_escape": (r'"\x41"', 1),
    "bad_escape_later": (r'["abc\n\q"]', 7), "short_unicode": (r'"\u12"', 3), "wrong_unicode": (r'"\u12G4"', 3),
    "invalid_byte": (b'"ab\xff"', 3), "invalid_after_escape": (b'"\\n\xc3("', 3), "overlong": (b'"\xc0\x80"', 1),
    "surrogate_bytes": (b'"\xed\xa0\x80"', 1), "cut_utf8": (b'"\xe2\x82"', 1), "over_10ffff": (b'"\xf4\x90\x80\x80"', 1),
    "invalid_outside": (b"\xe9", 0), "invalid_in_key": (b'{"\xff":1}', 2), "form_feed": ("\f1", 0),
    "no_break_space": ("\u00a01", 0), "vertical_tab": ("[\v1]", 1), "only_open": ("[[[[", 4),
}

# What Python accepts and RFC 8259 does not.
LAX = {"nan", "infinity", "minus_infinity"}


def text_of(value):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return "".join(c if not 0xD800 <= ord(c) < 0xE000 else "\\u%04x" % ord(c) for c in text)


def main():
    for old in list(HERE.glob("[yn]_*")):
        old.unlink()
    for name, text in GOOD.items():
        (HERE / f"y_{name}.in").write_bytes(text.encode())
        (HERE / f"y_{name}.out").write_bytes(text_of(json.loads(text)).encode())
    for name, (text, offset) in BAD.items():
        data = text if isinstance(text, bytes) else text.encode()
        try:
            json.loads(data.decode())
            assert name in LAX, f"Python accepts {name}"
        except ValueError:
            pass
        (HERE / f"n_{name}.in").write_bytes(data)
        (HERE / f"n_{name}.offset").write_text(f"{offset}\n")


main()
