#include "array.h"
#include "input.h"

/* Elements in a file, in C or Fortran order. */
struct source {
    struct array_source source;
    int fd;
    uint64_t offset;
    unsigned ndim;
    const uint64_t *shape;
    size_t itemsize;
    bool fortran;
    uint8_t *scratch;
    size_t scratch_size;
};

/* A box, axis by axis from the one that is fastest in the file to the slowest. */
struct plan {
    unsigned ndim;
    uint64_t start[DTYPE_MAX_NDIM], step[DTYPE_MAX_NDIM], count[DTYPE_MAX_NDIM];
    uint64_t in_file[DTYPE_MAX_NDIM], in_window[DTYPE_MAX_NDIM]; /* bytes between elements */
};

static struct plan plan_of(const struct source *s, const struct box *box)
{
    struct plan p = {.ndim = s->ndim};
    uint64_t window = s->itemsize;
    for (unsigned i = s->ndim; i-- > 0; window *= box->count[i])
        p.in_window[s->fortran ? i : s->ndim - 1 - i] = window;
    uint64_t file = s->itemsize;
    for (unsigned k = 0; k < s->ndim; k++) {
        const unsigned i = s->fortran ? k : s->ndim - 1 - k;
        p.start[k] = box->start[i];
        p.step[k] = box->step[i];
        p.count[k] = box->count[i];
        p.in_file[k] = file;
        file *= s->shape[i];
    }
    return p;
}

/* Evenly spaced elements that are not one run: read what they span, piece by piece. */
static bool read_spaced(const struct source *s, uint64_t at, uint64_t in_file, uint64_t count, uint8_t *to,
                        uint64_t in_window, struct error *err)
{
    const uint64_t fit = 1 + (s->scratch_size - s->itemsize) / in_file;
    while (count > 0) {
        const uint64_t n = count < fit ? count : fit;
        if (!input_pread(s->fd, at, s->scratch, (size_t)((n - 1) * in_file + s->itemsize), err))
            return false;
        for (uint64_t i = 0; i < n; i++, to += in_window)
            memcpy(to, s->scratch + i * in_file, s->itemsize);
        at += n * in_file;
        count -= n;
    }
    return true;
}

/* The first axes of the plan that are one run of bytes in the file and in the window, and its elements. */
static unsigned find_run(const struct source *s, const struct plan *p, uint64_t *elements)
{
    uint64_t n = 1;
    unsigned k = 0;
    for (; k < p->ndim; k++) {
        const bool one = p->count[k] == 1;
        const bool joins =
            p->in_file[k] * p->step[k] == n * s->itemsize && p->in_window[k] == n * s->itemsize;
        if (!one && !joins)
            break;
        n *= p->count[k];
    }
    *elements = n;
    return k;
}

static bool next_line(const struct plan *p, unsigned from, uint64_t *place, uint64_t *at, uint8_t **to)
{
    for (unsigned k = from; k < p->ndim; k++) {
        *at += p->step[k] * p->in_file[k];
        *to += p->in_window[k];
        if (++place[k] < p->count[k])
            return true;
        *at -= p->step[k] * p->in_file[k] * p->count[k];
        *to -= p->in_window[k] * p->count[k];
        place[k] = 0;
    }
    return false;
}

static bool file_read(void *self, const struct box *box, uint8_t *window, size_t capacity, struct error *err)
{
    const struct source *s = self;
    const struct plan p = plan_of(s, box);
    uint64_t place[DTYPE_MAX_NDIM] = {0}, at = s->offset, run;
    (void)capacity;
    if (s->itemsize == 0)
        return true;
    for (unsigned k = 0; k < p.ndim; k++)
        at += p.start[k] * p.in_file[k];
    const unsigned joined = find_run(s, &p, &run);
    const bool spaced = run == 1 && joined < p.ndim;
    do {
        const bool ok = spaced ? read_spaced(s, at, p.step[joined] * p.in_file[joined], p.count[joined],
                                             window, p.in_window[joined], err)
                               : input_pread(s->fd, at, window, (size_t)run * s->itemsize, err);
        if (!ok)
            return false;
    } while (next_line(&p, joined + spaced, place, &at, &window));
    return true;
}

static bool file_extent(void *self, int *fd, uint64_t *offset)
{
    const struct source *s = self;
    if (s->fortran && s->ndim > 1)
        return false;
    *fd = s->fd;
    *offset = s->offset;
    return true;
}

bool array_of_file(int fd, uint64_t offset, const struct dtype *dtype, unsigned ndim, const uint64_t *shape,
                   bool fortran, struct arena *arena, struct array *out, struct error *err)
{
    enum { SCRATCH = 64 << 10 };
    const size_t scratch_size = dtype->itemsize > SCRATCH ? dtype->itemsize : SCRATCH;
    struct source *s = arena_alloc(arena, 1, sizeof *s);
    uint8_t *scratch = arena_alloc(arena, 1, scratch_size);
    if (s == NULL || scratch == NULL)
        return arena_fail(arena, err);
    *s = (struct source){.source = {.self = s, .read = file_read, .extent = file_extent},
                         .fd = fd,
                         .offset = offset,
                         .ndim = ndim,
                         .shape = shape,
                         .itemsize = dtype->itemsize,
                         .fortran = fortran,
                         .scratch = scratch,
                         .scratch_size = scratch_size};
    *out = array_of_source(*dtype, ndim, shape, &s->source);
    return true;
}
