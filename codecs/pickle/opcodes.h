/*
 * The 68 opcodes of protocols 0 to 5, a row each (Lib/pickletools.py of CPython describes every one).
 *
 * OPCODE(code, NAME, protocol that brought it, what follows it in the stream, function of the machine)
 */
#ifndef MANDOLINE_PICKLE_OPCODES_H
#define MANDOLINE_PICKLE_OPCODES_H

/* What follows an opcode: sizes are little-endian but for ARG_F8, which is a big-endian double. */
enum opcode_argument {
    ARG_NONE,
    ARG_U1,
    ARG_U2,
    ARG_I4,
    ARG_U4,
    ARG_U8,
    ARG_F8,
    ARG_BYTES1,  /* one byte of length, and so many bytes */
    ARG_BYTES4,  /* four */
    ARG_BYTES4S, /* four, signed */
    ARG_BYTES8,  /* eight */
    ARG_LINE,    /* text up to a newline */
    ARG_TWO_LINES,
    ARG_NUMBER, /* a line that is a number */
    ARG_QUOTED, /* a line that is a quoted string */
};

#define OPCODE_TABLE(OPCODE)                                                                                 \
    OPCODE('(', MARK, 0, ARG_NONE, op_mark)                                                                  \
    OPCODE('.', STOP, 0, ARG_NONE, op_stop)                                                                  \
    OPCODE('0', POP, 0, ARG_NONE, op_pop)                                                                    \
    OPCODE('1', POP_MARK, 1, ARG_NONE, op_pop_mark)                                                          \
    OPCODE('2', DUP, 0, ARG_NONE, op_dup)                                                                    \
    OPCODE('F', FLOAT, 0, ARG_NUMBER, op_float)                                                              \
    OPCODE('I', INT, 0, ARG_NUMBER, op_int)                                                                  \
    OPCODE('J', BININT, 1, ARG_I4, op_binint)                                                                \
    OPCODE('K', BININT1, 1, ARG_U1, op_binint1)                                                              \
    OPCODE('L', LONG, 0, ARG_NUMBER, op_long)                                                                \
    OPCODE('M', BININT2, 1, ARG_U2, op_binint2)                                                              \
    OPCODE('N', NONE, 0, ARG_NONE, op_none)                                                                  \
    OPCODE('P', PERSID, 0, ARG_LINE, op_persid)                                                              \
    OPCODE('Q', BINPERSID, 1, ARG_NONE, op_binpersid)                                                        \
    OPCODE('R', REDUCE, 0, ARG_NONE, op_reduce)                                                              \
    OPCODE('S', STRING, 0, ARG_QUOTED, op_string)                                                            \
    OPCODE('T', BINSTRING, 1, ARG_BYTES4S, op_binstring)                                                     \
    OPCODE('U', SHORT_BINSTRING, 1, ARG_BYTES1, op_short_binstring)                                          \
    OPCODE('V', UNICODE, 0, ARG_LINE, op_unicode)                                                            \
    OPCODE('X', BINUNICODE, 1, ARG_BYTES4, op_binunicode)                                                    \
    OPCODE('a', APPEND, 0, ARG_NONE, op_append)                                                              \
    OPCODE('b', BUILD, 0, ARG_NONE, op_build)                                                                \
    OPCODE('c', GLOBAL, 0, ARG_TWO_LINES, op_global)                                                         \
    OPCODE('d', DICT, 0, ARG_NONE, op_dict)                                                                  \
    OPCODE('}', EMPTY_DICT, 1, ARG_NONE, op_empty_dict)                                                      \
    OPCODE('e', APPENDS, 1, ARG_NONE, op_appends)                                                            \
    OPCODE('g', GET, 0, ARG_NUMBER, op_get)                                                                  \
    OPCODE('h', BINGET, 1, ARG_U1, op_binget)                                                                \
    OPCODE('i', INST, 0, ARG_TWO_LINES, op_inst)                                                             \
    OPCODE('j', LONG_BINGET, 1, ARG_U4, op_long_binget)                                                      \
    OPCODE('l', LIST, 0, ARG_NONE, op_list)                                                                  \
    OPCODE(']', EMPTY_LIST, 1, ARG_NONE, op_empty_list)                                                      \
    OPCODE('o', OBJ, 1, ARG_NONE, op_obj)                                                                    \
    OPCODE('p', PUT, 0, ARG_NUMBER, op_put)                                                                  \
    OPCODE('q', BINPUT, 1, ARG_U1, op_binput)                                                                \
    OPCODE('r', LONG_BINPUT, 1, ARG_U4, op_long_binput)                                                      \
    OPCODE('s', SETITEM, 0, ARG_NONE, op_setitem)                                                            \
    OPCODE('t', TUPLE, 0, ARG_NONE, op_tuple)                                                                \
    OPCODE(')', EMPTY_TUPLE, 1, ARG_NONE, op_empty_tuple)                                                    \
    OPCODE('u', SETITEMS, 1, ARG_NONE, op_setitems)                                                          \
    OPCODE('G', BINFLOAT, 1, ARG_F8, op_binfloat)                                                            \
    OPCODE(0x80, PROTO, 2, ARG_U1, op_proto)                                                                 \
    OPCODE(0x81, NEWOBJ, 2, ARG_NONE, op_newobj)                                                             \
    OPCODE(0x82, EXT1, 2, ARG_U1, op_ext1)                                                                   \
    OPCODE(0x83, EXT2, 2, ARG_U2, op_ext2)                                                                   \
    OPCODE(0x84, EXT4, 2, ARG_I4, op_ext4)                                                                   \
    OPCODE(0x85, TUPLE1, 2, ARG_NONE, op_tuple1)                                                             \
    OPCODE(0x86, TUPLE2, 2, ARG_NONE, op_tuple2)                                                             \
    OPCODE(0x87, TUPLE3, 2, ARG_NONE, op_tuple3)                                                             \
    OPCODE(0x88, NEWTRUE, 2, ARG_NONE, op_newtrue)                                                           \
    OPCODE(0x89, NEWFALSE, 2, ARG_NONE, op_newfalse)                                                         \
    OPCODE(0x8a, LONG1, 2, ARG_BYTES1, op_long1)                                                             \
    OPCODE(0x8b, LONG4, 2, ARG_BYTES4S, op_long4)                                                            \
    OPCODE('B', BINBYTES, 3, ARG_BYTES4, op_binbytes)                                                        \
    OPCODE('C', SHORT_BINBYTES, 3, ARG_BYTES1, op_short_binbytes)                                            \
    OPCODE(0x8c, SHORT_BINUNICODE, 4, ARG_BYTES1, op_short_binunicode)                                       \
    OPCODE(0x8d, BINUNICODE8, 4, ARG_BYTES8, op_binunicode8)                                                 \
    OPCODE(0x8e, BINBYTES8, 4, ARG_BYTES8, op_binbytes8)                                                     \
    OPCODE(0x8f, EMPTY_SET, 4, ARG_NONE, op_empty_set)                                                       \
    OPCODE(0x90, ADDITEMS, 4, ARG_NONE, op_additems)                                                         \
    OPCODE(0x91, FROZENSET, 4, ARG_NONE, op_frozenset)                                                       \
    OPCODE(0x92, NEWOBJ_EX, 4, ARG_NONE, op_newobj_ex)                                                       \
    OPCODE(0x93, STACK_GLOBAL, 4, ARG_NONE, op_stack_global)                                                 \
    OPCODE(0x94, MEMOIZE, 4, ARG_NONE, op_memoize)                                                           \
    OPCODE(0x95, FRAME, 4, ARG_U8, op_frame)                                                                 \
    OPCODE(0x96, BYTEARRAY8, 5, ARG_BYTES8, op_bytearray8)                                                   \
    OPCODE(0x97, NEXT_BUFFER, 5, ARG_NONE, op_next_buffer)                                                   \
    OPCODE(0x98, READONLY_BUFFER, 5, ARG_NONE, op_readonly_buffer)

#define OPCODE_ENUM(code, name, protocol, argument, function) OP_##name = (code),
enum opcode { OPCODE_TABLE(OPCODE_ENUM) };
#undef OPCODE_ENUM

#endif
