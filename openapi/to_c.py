#!/usr/bin/python3
"""to_c.py IN.yaml OUT.c: the document as the JSON that the program serves, with a tag of its content."""

import hashlib
import json
import sys

import yaml

with open(sys.argv[1], encoding="utf-8") as f:
    text = json.dumps(yaml.safe_load(f), ensure_ascii=False, separators=(",", ":")).encode()
rows = [", ".join(str(byte) for byte in text[i:i + 20]) for i in range(0, len(text), 20)]
with open(sys.argv[2], "w", encoding="ascii") as f:
    f.write('#include "openapi.h"\n\nstatic const unsigned char text[] = {\n    ')
    f.write(",\n    ".join(rows))
    f.write("};\n\nconst struct bytes openapi_json = {text, sizeof text};\n")
    f.write('const char openapi_etag[] = "\\"%s\\"";\n' % hashlib.sha256(text).hexdigest()[:32])
