#!/usr/bin/python3
"""to_c.py IN.yaml OUT.c: the document as the JSON that the program serves, around the address of the server, with a tag."""

import hashlib
import json
import sys

import yaml

with open(sys.argv[1], encoding="utf-8") as f:
    text = json.dumps(yaml.safe_load(f), ensure_ascii=False, separators=(",", ":")).encode()
MARK = b'"servers":[{"url":"/"'
assert text.count(MARK) == 1
at = text.index(MARK) + len(MARK) - 2


def array(name, part):
    rows = [", ".join(str(byte) for byte in part[i:i + 20]) for i in range(0, len(part), 20)]
    return f"static const unsigned char {name}[] = {{\n    " + ",\n    ".join(rows) + "};\n\n"


with open(sys.argv[2], "w", encoding="ascii") as f:
    f.write('#include "openapi.h"\n\n' + array("whole", text))
    f.write("const struct bytes openapi_json = {whole, sizeof whole};\n")
    f.write(f"const size_t openapi_server = {at};\n")
    f.write('const char openapi_tag[] = "%s";\n' % hashlib.sha256(text).hexdigest()[:32])
