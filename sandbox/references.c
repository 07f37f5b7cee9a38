/*
 * References to objects and regions, as clients can use them: a path, and what is selected (HDF5 reference
 * manual, H5R). The library looks through the whole file for each name; here that is done once.
 */
#include "worker.h"

enum {
    PATHS_MAX = 1 << 20,      /* objects of one file whose paths are kept */
    PATHS_BUDGET = 256 << 20, /* bytes of them */
    SELECTED_MAX = 1 << 20,   /* points or blocks of one region */
};

/* Paths by the address of what they lead to: open addressing, a power of two. */
struct path_entry {
    uint64_t address;
    const char *path; /* NULL: free */
};

struct paths {
    struct arena arena;
    struct path_entry *entries;
    size_t count, capacity;
};

static struct path_entry *slot(const struct paths *p, uint64_t address)
{
    size_t i = (size_t)(address * 0x9e3779b97f4a7c15ULL >> 20) & (p->capacity - 1);
    while (p->entries[i].path != NULL && p->entries[i].address != address)
        i = (i + 1) & (p->capacity - 1);
    return &p->entries[i];
}

static bool grow(struct paths *p)
{
    const struct paths old = *p;
    const size_t capacity = old.capacity == 0 ? 256 : old.capacity * 2;
    struct path_entry *entries = arena_alloc(&p->arena, capacity, sizeof *entries);
    if (entries == NULL)
        return false;
    p->entries = entries;
    p->capacity = capacity;
    for (size_t i = 0; i < old.capacity; i++)
        if (old.entries[i].path != NULL)
            *slot(p, old.entries[i].address) = old.entries[i];
    return true;
}

/* The first path stays. False: there is no room for more. */
static bool add(struct paths *p, uint64_t address, const char *name)
{
    if (p->count * 2 >= p->capacity && (p->count >= PATHS_MAX || !grow(p)))
        return false;
    struct path_entry *e = slot(p, address);
    if (e->path != NULL)
        return true;
    const char *path = arena_printf(&p->arena, "/%s", name);
    if (path == NULL)
        return false;
    *e = (struct path_entry){address, path};
    p->count++;
    return true;
}

static herr_t each_link(hid_t group, const char *name, const H5L_info_t *info, void *arg)
{
    (void)group;
    return info->type != H5L_TYPE_HARD || add(arg, info->u.address, name) ? 0 : 1;
}

/* What could be found in a damaged file, or in one with too many objects, stays. */
static struct paths *find_paths(struct open_file *file)
{
    H5O_info_t info;
    struct arena arena;
    arena_init(&arena, PATHS_BUDGET);
    struct paths *p = arena_alloc(&arena, 1, sizeof *p);
    AUTO(close_object) hid_t root = H5Oopen(file->id, "/", H5P_DEFAULT);
    if (p == NULL)
        return NULL;
    p->arena = arena;
    if (root >= 0 && H5Oget_info2(root, &info, H5O_INFO_BASIC) >= 0 && add(p, info.addr, ""))
        H5Lvisit(root, H5_INDEX_NAME, H5_ITER_NATIVE, each_link, p);
    return p;
}

const char *path_of_address(struct open_file *file, uint64_t address)
{
    if (file->paths == NULL)
        file->paths = find_paths(file);
    return file->paths == NULL || file->paths->capacity == 0 ? NULL : slot(file->paths, address)->path;
}

void paths_free(struct paths *paths)
{
    if (paths == NULL)
        return;
    struct arena arena = paths->arena; /* which paths itself lies in */
    arena_free(&arena);
}

/* ---- objects ---- */

bool object_reference_out(struct open_file *file, const uint8_t *from, struct sink *heap, bool *null,
                          struct error *err)
{
    hobj_ref_t address;
    memcpy(&address, from, sizeof address);
    const char *path =
        address == 0 || address == UINT64_MAX ? NULL : path_of_address(file, (uint64_t)address);
    *null = path == NULL;
    return *null || wire_put_run(heap, bytes_text(path), err);
}

/* ---- regions ---- */

struct region {
    struct sink *heap;
    struct error *err;
    hid_t space;
    unsigned ndim;
};

static bool put_head(const struct region *r, enum sandbox_region kind, uint64_t count)
{
    return wire_put_u8(r->heap, (uint8_t)kind, r->err) && wire_put_u8(r->heap, (uint8_t)r->ndim, r->err) &&
           wire_put_u32(r->heap, (uint32_t)count, r->err);
}

static bool put_numbers(const struct region *r, const hsize_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!wire_put_u64(r->heap, numbers[i], r->err))
            return false;
    return true;
}

static bool too_many(const struct region *r)
{
    return FAIL_LIMIT(r->err, "memory", SELECTED_MAX, "a region has more than %d points or blocks",
                      SELECTED_MAX);
}

static bool put_points(const struct region *r)
{
    const hssize_t count = H5Sget_select_elem_npoints(r->space);
    if (count < 0)
        return library_fail(r->err, ERR_SYNTAX, "a region reference is damaged");
    if (count > SELECTED_MAX || r->heap->len > HEAP_MAX)
        return too_many(r);
    const size_t n = (size_t)count * r->ndim;
    AUTO(arena_free) struct arena arena;
    arena_init(&arena, HEAP_MAX);
    hsize_t *points = arena_alloc(&arena, n, sizeof *points);
    if (points == NULL)
        return arena_fail(&arena, r->err);
    if (count > 0 && H5Sget_select_elem_pointlist(r->space, 0, (hsize_t)count, points) < 0)
        return library_fail(r->err, ERR_SYNTAX, "a region reference is damaged");
    return put_head(r, REGION_POINTS, (uint64_t)count) && put_numbers(r, points, n);
}

/* First and last of each block. */
static bool put_blocks(const struct region *r)
{
    const hssize_t count = H5Sget_select_hyper_nblocks(r->space);
    if (count < 0)
        return library_fail(r->err, ERR_SYNTAX, "a region reference is damaged");
    if (count > SELECTED_MAX || r->heap->len > HEAP_MAX)
        return too_many(r);
    const size_t n = (size_t)count * r->ndim * 2;
    AUTO(arena_free) struct arena arena;
    arena_init(&arena, HEAP_MAX);
    hsize_t *blocks = arena_alloc(&arena, n, sizeof *blocks);
    if (blocks == NULL)
        return arena_fail(&arena, r->err);
    if (count > 0 && H5Sget_select_hyper_blocklist(r->space, 0, (hsize_t)count, blocks) < 0)
        return library_fail(r->err, ERR_SYNTAX, "a region reference is damaged");
    return put_head(r, REGION_BLOCKS, (uint64_t)count) && put_numbers(r, blocks, n);
}

/* Start, step and count along each axis, where that says it all: what slice= can ask for. */
static bool is_grid(const struct region *r, hsize_t *grid)
{
    hsize_t start[H5S_MAX_RANK], stride[H5S_MAX_RANK], count[H5S_MAX_RANK], block[H5S_MAX_RANK];
    if (H5Sis_regular_hyperslab(r->space) <= 0 ||
        H5Sget_regular_hyperslab(r->space, start, stride, count, block) < 0)
        return false;
    for (unsigned i = 0; i < r->ndim; i++) {
        if (count[i] > 1 && block[i] > 1 && stride[i] != block[i])
            return false;
        const bool run = block[i] > 1 || count[i] == 1;
        *grid++ = start[i];
        *grid++ = run ? 1 : stride[i];
        *grid++ = run ? count[i] * block[i] : count[i];
    }
    return true;
}

static bool put_selection(const struct region *r)
{
    hsize_t grid[3 * H5S_MAX_RANK];
    switch (H5Sget_select_type(r->space)) {
    case H5S_SEL_NONE:
        return put_head(r, REGION_NONE, 0);
    case H5S_SEL_ALL:
        return put_head(r, REGION_ALL, 0);
    case H5S_SEL_POINTS:
        return put_points(r);
    case H5S_SEL_HYPERSLABS:
        return is_grid(r, grid)
                   ? put_head(r, REGION_GRID, r->ndim) && put_numbers(r, grid, 3 * (size_t)r->ndim)
                   : put_blocks(r);
    case H5S_SEL_ERROR:
    case H5S_SEL_N:
        break;
    }
    return library_fail(r->err, ERR_SYNTAX, "a region reference is damaged");
}

bool region_reference_out(struct open_file *file, const uint8_t *from, struct sink *heap, bool *null,
                          struct error *err)
{
    static const hdset_reg_ref_t none;
    H5O_info_t info;
    *null = memcmp(from, &none, sizeof none) == 0;
    if (*null)
        return true;
    hdset_reg_ref_t reference;
    memcpy(&reference, from, sizeof reference);
    AUTO(close_object) hid_t object = H5Rdereference2(file->id, H5P_DEFAULT, H5R_DATASET_REGION, &reference);
    AUTO(close_space) hid_t space = H5Rget_region(file->id, H5R_DATASET_REGION, &reference);
    const char *path = object < 0 || H5Oget_info2(object, &info, H5O_INFO_BASIC) < 0
                           ? NULL
                           : path_of_address(file, info.addr);
    const int ndim = space < 0 ? -1 : H5Sget_simple_extent_ndims(space);
    *null = path == NULL || ndim < 0;
    const struct region r = {heap, err, space, (unsigned)(ndim < 0 ? 0 : ndim)};
    return *null || (wire_put_run(heap, bytes_text(path), err) && put_selection(&r));
}
