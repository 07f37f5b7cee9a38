/*
 * HDF5/JSON: an HDF5 file as a JSON document (the HDF Group's). The text is JSON's business and the file
 * HDF5's: both are asked through the registry, and this codec knows what lies between (described.h). A
 * document that is read is looked into as the file that it describes; a value that is written is described as
 * the file that it becomes. So both mean what the same HDF5 file means.
 */
#include "codec.h"
#include "described.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SURE = 80, PIECE = 256 << 10 };

static const struct codec *format(const char *name)
{
    return codec_by_name(bytes_text(name));
}

/* ---- a value as an HDF5 file that nobody else sees ---- */

struct file {
    int fd;
    struct sink queue;
};

static void file_drop(void *self)
{
    struct file *f = self;
    if (f->fd >= 0)
        close(f->fd);
    sink_deinit(&f->queue);
}

static bool write_all(int fd, struct bytes b, struct error *err)
{
    while (b.len > 0) {
        const ssize_t n = write(fd, b.data, b.len);
        if (n <= 0)
            return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "the private file cannot be written");
        b = bytes_of(b.data + n, b.len - (size_t)n);
    }
    return true;
}

static bool drain(struct encoder *e, struct file *f, struct error *err)
{
    enum step step;
    do {
        step = encoder_run(e, &f->queue, err);
        if (step == STEP_FAIL || !write_all(f->fd, bytes_of(f->queue.data, f->queue.len), err))
            return false;
        f->queue.len = 0;
    } while (step == STEP_MORE);
    return true;
}

static bool open_as_file(struct value *root, const struct codec_options *options, const struct limits *limits,
                         struct arena *arena, struct document *out, struct error *err)
{
    const struct codec *hdf5 = format("hdf5");
    struct encoder *e;
    struct file *f = arena_alloc(arena, 1, sizeof *f);
    if (f == NULL)
        return arena_fail(arena, err);
    f->fd = -1;
    if (!arena_defer(arena, file_drop, f))
        return arena_fail(arena, err);
    f->fd = open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (f->fd < 0)
        f->fd = memfd_create("described", MFD_CLOEXEC);
    if (f->fd < 0)
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "there is no place for a private file");
    f->queue.limit = PIECE;
    if (!encoder_new(hdf5, root, options, limits, arena, &e, err) || !drain(e, f, err))
        return false;
    const off_t size = lseek(f->fd, 0, SEEK_END);
    const struct input in = input_of_fd(f->fd, size < 0 ? 0 : (uint64_t)size);
    return codec_open(hdf5, &in, options, limits, arena, out, err);
}

/* ---- reading ---- */

struct described {
    struct value *root;
    const struct codec_options *options;
    const struct limits *limits;
    struct arena *arena;
    bool made; /* file is open */
    struct document file;
};

/* Made when it is needed: another HDF5 file or document is made of the words alone. */
static bool needs_file(struct described *d, struct error *err)
{
    return d->made || (d->made = open_as_file(d->root, d->options, d->limits, d->arena, &d->file, err));
}

static bool document_node(void *self, struct bytes path, struct arena *arena, struct node *out,
                          struct error *err)
{
    struct described *d = self;
    return needs_file(d, err) && d->file.ops->node(d->file.self, path, arena, out, err);
}

static bool document_value(void *self, struct bytes path, struct arena *arena, struct value **out,
                           struct error *err)
{
    struct described *d = self;
    return needs_file(d, err) && d->file.ops->value(d->file.self, path, arena, out, err);
}

static bool document_described(void *self, struct bytes path, const struct array *piece, struct arena *arena,
                               struct value **out, struct error *err)
{
    struct described *d = self;
    if (piece == NULL && (path.len == 0 || bytes_is(path, "/")))
        return *out = d->root, true;
    return needs_file(d, err) && d->file.ops->described(d->file.self, path, piece, arena, out, err);
}

static bool is_text(const struct value *v)
{
    return v != NULL && v->kind == VALUE_STR;
}

static bool h5json_open(const struct input *in, const struct codec_options *options,
                        const struct limits *limits, struct arena *arena, struct document *out,
                        struct error *err)
{
    static const struct document_ops ops = {
        .node = document_node, .value = document_value, .described = document_described};
    struct described *d = arena_alloc(arena, 1, sizeof *d);
    struct value *root;
    if (d == NULL)
        return arena_fail(arena, err);
    if (!format("json")->decode(in, options, limits, arena, &root, err))
        return false;
    const struct value *groups = root->kind == VALUE_DICT ? value_get(root, "groups") : NULL;
    if (groups == NULL || groups->kind != VALUE_DICT || !is_text(value_get(root, "root")))
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET,
                    "HDF5/JSON is an object with the members \"root\", an id, and \"groups\", an object");
    root->flags |= VALUE_DESCRIBED;
    *d = (struct described){.root = root, .options = options, .limits = limits, .arena = arena};
    *out = (struct document){.self = d, .ops = &ops};
    return true;
}

static bool h5json_decode(const struct input *in, const struct codec_options *options,
                          const struct limits *limits, struct arena *arena, struct value **out,
                          struct error *err)
{
    struct document document;
    return h5json_open(in, options, limits, arena, &document, err) &&
           document.ops->value(document.self, bytes_of(NULL, 0), arena, out, err);
}

/* An object with a word that only HDF5/JSON has. */
static int h5json_sniff(struct bytes head)
{
    static const char *const words[] = {"\"H5T_", "\"H5S_", "\"H5L_TYPE_", "\"H5D_"};
    size_t at = 0;
    while (at < head.len && memchr(" \t\r\n", head.data[at], 4) != NULL)
        at++;
    if (at == head.len || head.data[at] != '{')
        return 0;
    for (size_t i = 0; i < ROWS(words); i++)
        if (memmem(head.data, head.len, words[i], strlen(words[i])) != NULL &&
            memmem(head.data, head.len, "\"apiVersion\"", 12) != NULL)
            return SURE;
    return 0;
}

/* ---- writing ---- */

/* Known to be too much before any of it is read. An element takes a byte at least. */
static bool within_limits(const struct value *root, const struct limits *limits, struct error *err)
{
    const struct value *all = value_get(root, "datasets");
    uint64_t count, total = 0;
    for (size_t i = 0; all != NULL && all->kind == VALUE_DICT && i < all->dict.count; i++) {
        const struct value *dataset = all->dict.items[i].value;
        const struct value *v = dataset->kind == VALUE_DICT ? value_get(dataset, "value") : NULL;
        if (v == NULL || v->kind != VALUE_ARRAY)
            continue;
        if (!array_count(v->array, &count) || count > limits->elements)
            return FAIL_LIMIT(err, "elements", limits->elements, "a dataset holds more than %llu elements",
                              (unsigned long long)limits->elements);
        if (__builtin_add_overflow(total, count, &total) || total > limits->output)
            return FAIL_LIMIT(err, "output", limits->output, "the answer would be longer than %llu bytes",
                              (unsigned long long)limits->output);
    }
    return true;
}

static bool h5json_begin(struct encoder *e, struct error *err)
{
    struct document file;
    struct codec_options *options = arena_alloc(e->arena, 1, sizeof *options);
    if (options == NULL)
        return arena_fail(e->arena, err);
    if (!value_is_described(e->root) &&
        (!open_as_file(e->root, e->options, e->limits, e->arena, &file, err) ||
         !file.ops->described(file.self, bytes_of(NULL, 0), NULL, e->arena, &e->root, err)))
        return false;
    if (!within_limits(e->root, e->limits, err))
        return false;
    *options = *e->options;
    options->record_lists = true;
    e->options = options;
    return format("json")->begin(e, err);
}

static enum step h5json_step(struct encoder *e, struct sink *out, struct error *err)
{
    return format("json")->step(e, out, err);
}

const struct codec h5json_codec = {
    .name = "h5json",
    .title = "HDF5/JSON",
    .media_types = (const char *const[]){"application/x-hdf5+json", NULL},
    .extensions = (const char *const[]){"h5json", NULL},
    .sniff = h5json_sniff,
    .describes = true,
    .decode = h5json_decode,
    .open = h5json_open,
    .begin = h5json_begin,
    .step = h5json_step,
};
