#!/usr/bin/python3
"""to_c.py policy.txt OUT.c: the policy that the program knows without a file."""

import sys

with open(sys.argv[1], "rb") as f:
    text = f.read()
rows = [", ".join(str(byte) for byte in text[i:i + 20]) for i in range(0, len(text), 20)]
with open(sys.argv[2], "w", encoding="ascii") as f:
    f.write('#include "policy.h"\n\nstatic const unsigned char text[] = {\n    ')
    f.write(",\n    ".join(rows))
    f.write("};\n\nconst struct bytes policy_builtin = {text, sizeof text};\n")
