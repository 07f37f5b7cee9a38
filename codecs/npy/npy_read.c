#include "literal.h"
#include "npy.h"
#include "reader.h"

/* What is before the data. */
struct header {
    struct bytes text;
    size_t text_at; /* bytes from the start of the document */
    bool utf8;
    struct dtype dtype;
    bool fortran;
    unsigned ndim;
    const uint64_t *shape;
};

int npy_sniff(struct bytes head)
{
    return bytes_starts(head, "\x93NUMPY") ? 100 : 0;
}

/* Magic, version and the header's length: 16 bits in version 1, else 32. */
static bool read_start(struct reader *r, struct header *h, size_t *len, struct error *err)
{
    struct bytes magic;
    uint8_t major, minor;
    uint16_t short_len = 0;
    uint32_t long_len = 0;
    if (!reader_take(r, NPY_MAGIC, &magic, err))
        return false;
    if (npy_sniff(magic) == 0)
        return FAIL(err, ERR_SYNTAX, 0, "an npy document begins with \\x93NUMPY");
    if (!reader_u8(r, &major, err) || !reader_u8(r, &minor, err))
        return false;
    if (major < 1 || major > 3 || minor != 0)
        return FAIL(err, ERR_UNSUPPORTED, NPY_MAGIC, "npy version %u.%u is not known", major, minor);
    if (major == 1 ? !reader_u16_le(r, &short_len, err) : !reader_u32_le(r, &long_len, err))
        return false;
    h->utf8 = major == 3;
    h->text_at = r->at;
    *len = major == 1 ? short_len : long_len;
    return true;
}

/* Of a file, only the header is read. */
static bool find_header(const struct input *in, struct arena *arena, struct header *h, struct error *err)
{
    enum { START = NPY_MAGIC + 2 + 4 };
    struct bytes head;
    size_t len;
    if (!input_head(in, START, arena, &head, err))
        return false;
    struct reader r = reader_make(head);
    if (!read_start(&r, h, &len, err))
        return false;
    if (len > in->size - h->text_at)
        return FAIL(err, ERR_SYNTAX, h->text_at, "the header should have %zu bytes, %llu are left", len,
                    (unsigned long long)(in->size - h->text_at));
    if (!input_head(in, h->text_at + len, arena, &head, err))
        return false;
    h->text = bytes_of(head.data + h->text_at, len);
    return true;
}

static bool bad(const struct header *h, struct error *err, const char *what)
{
    return FAIL(err, ERR_SYNTAX, h->text_at, "the header is wrong: %s", what);
}

static bool read_shape(struct header *h, const struct value *v, struct arena *arena, struct error *err)
{
    if (v->kind != VALUE_TUPLE)
        return bad(h, err, "the shape is not a tuple");
    if (v->list.count > DTYPE_MAX_NDIM)
        return FAIL(err, ERR_UNSUPPORTED, h->text_at, "the array has more than %d dimensions",
                    DTYPE_MAX_NDIM);
    uint64_t *shape = arena_alloc(arena, v->list.count, sizeof *shape);
    if (shape == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < v->list.count; i++) {
        if (v->list.items[i]->kind != VALUE_INT || v->list.items[i]->integer < 0)
            return bad(h, err, "the shape has something that is not a length");
        shape[i] = (uint64_t)v->list.items[i]->integer;
    }
    h->ndim = (unsigned)v->list.count;
    h->shape = shape;
    return true;
}

static bool read_dtype(struct header *h, const struct value *v, struct arena *arena, struct error *err)
{
    struct error why = {0};
    if (!dtype_of_descr(v, arena, &h->dtype, &why)) {
        if (why.kind == ERR_SYNTAX)
            why.offset = h->text_at;
        *err = why;
        return false;
    }
    if (h->dtype.base != NULL)
        return bad(h, err, "the dtype is a sub-array");
    if (!dtype_is_flat(&h->dtype))
        return FAIL(err, ERR_UNSUPPORTED, h->text_at,
                    "the elements are Python objects, kept as a pickle inside");
    return true;
}

static bool read_header(struct header *h, struct arena *arena, struct error *err)
{
    struct value *dict;
    if (!literal_read(h->text, h->utf8, h->text_at, arena, &dict, err))
        return false;
    const struct value *descr = value_get(dict, "descr"), *shape = value_get(dict, "shape");
    const struct value *fortran = value_get(dict, "fortran_order");
    if (descr == NULL || shape == NULL || fortran == NULL || dict->dict.count != 3)
        return bad(h, err, "its keys are not descr, fortran_order and shape");
    if (fortran->kind != VALUE_BOOL)
        return bad(h, err, "fortran_order is neither True nor False");
    h->fortran = fortran->boolean;
    return read_dtype(h, descr, arena, err) && read_shape(h, shape, arena, err);
}

/* All of the data is there; what follows it is ignored, as NumPy does. */
static bool check_data(const struct header *h, const struct input *in, const struct limits *limits,
                       struct error *err)
{
    const struct array a = array_of_memory(h->dtype, h->ndim, h->shape, NULL);
    const size_t at = h->text_at + h->text.len;
    uint64_t count, size;
    if (!array_count(&a, &count) || !array_size(&a, &size))
        return bad(h, err, "the array has more bytes than 64 bits can count");
    if (size > in->size - at)
        return FAIL(err, ERR_SYNTAX, at, "the elements need %llu bytes, %llu are left",
                    (unsigned long long)size, (unsigned long long)(in->size - at));
    if (count > limits->elements)
        return FAIL_LIMIT(err, "elements", limits->elements, "the array has more than %llu elements",
                          (unsigned long long)limits->elements);
    return true;
}

bool npy_decode(const struct input *in, const struct codec_options *options, const struct limits *limits,
                struct arena *arena, struct value **out, struct error *err)
{
    (void)options;
    struct header h = {0};
    struct array a;
    if (!find_header(in, arena, &h, err) || !read_header(&h, arena, err) || !check_data(&h, in, limits, err))
        return false;
    const size_t at = h.text_at + h.text.len;
    const bool in_memory = in->fd < 0 || in->bytes.data != NULL;
    if (in_memory) {
        a = array_of_memory(h.dtype, h.ndim, h.shape, in->bytes.data + at);
        a.fortran = h.fortran;
    } else if (!array_of_file(in->fd, at, &h.dtype, h.ndim, h.shape, h.fortran, arena, &a, err))
        return false;
    *out = value_array(arena, &a);
    return *out != NULL || arena_fail(arena, err);
}
