/* References in a file that is being made (HDF5 reference manual, H5R): what they lead to must be there. */
#include "write.h"

/* The object that the heap names; *out < 0: there is none. */
static bool take_target(const struct session *s, struct reader *r, struct arena *arena, hid_t *out,
                        struct error *err)
{
    struct bytes path;
    uint64_t object;
    *out = -1;
    if (!wire_get_run(r, &path, err) || !reader_u64_le(r, &object, err))
        return false;
    path = arena_copy(arena, path);
    if (path.data == NULL)
        return arena_fail(arena, err);
    if (object != 0)
        *out = H5Oopen_by_addr(s->file, object);
    else if (path.len > 0)
        *out = H5Oopen(s->file, (const char *)path.data, H5P_DEFAULT);
    return true;
}

bool object_reference_in(const struct session *s, struct reader *r, struct arena *arena, uint8_t *out,
                         struct error *err)
{
    AUTO(close_object) hid_t object = -1;
    hobj_ref_t reference = 0;
    if (!take_target(s, r, arena, &object, err))
        return false;
    if (object >= 0 && H5Rcreate(&reference, object, ".", H5R_OBJECT, -1) < 0)
        return library_fail(err, ERR_UNREPRESENTABLE, "a reference cannot be made");
    memcpy(out, &reference, sizeof reference);
    return true;
}

/* ---- regions ---- */

struct selecting {
    hid_t space;
    unsigned ndim;
    uint32_t count;
    const hsize_t *numbers;
    size_t left;
};

/* count points of ndim numbers. The library takes one place behind the last for valid. */
static bool select_points(const struct selecting *x)
{
    hsize_t dims[H5S_MAX_RANK];
    if (x->count == 0)
        return H5Sselect_none(x->space) >= 0;
    if (H5Sget_simple_extent_dims(x->space, dims, NULL) != (int)x->ndim)
        return false;
    for (size_t i = 0; i < x->left; i++)
        if (x->numbers[i] >= dims[i % x->ndim])
            return false;
    return x->left / x->ndim >= x->count &&
           H5Sselect_elements(x->space, H5S_SELECT_SET, x->count, x->numbers) >= 0;
}

/* count blocks, each of its first and its last place. */
static bool select_blocks(const struct selecting *x)
{
    if (x->left / x->ndim / 2 < x->count || H5Sselect_none(x->space) < 0)
        return false;
    for (uint32_t i = 0; i < x->count; i++) {
        const hsize_t *first = x->numbers + (size_t)i * 2 * x->ndim, *last = first + x->ndim;
        hsize_t ones[H5S_MAX_RANK], block[H5S_MAX_RANK];
        for (unsigned axis = 0; axis < x->ndim; axis++) {
            if (last[axis] < first[axis])
                return false;
            ones[axis] = 1;
            block[axis] = last[axis] - first[axis] + 1;
        }
        if (H5Sselect_hyperslab(x->space, i == 0 ? H5S_SELECT_SET : H5S_SELECT_OR, first, NULL, ones, block) <
            0)
            return false;
    }
    return true;
}

/* By axis start, step and count. */
static bool select_grid(const struct selecting *x)
{
    hsize_t start[H5S_MAX_RANK], step[H5S_MAX_RANK], count[H5S_MAX_RANK];
    if (x->left / 3 < x->ndim)
        return false;
    for (unsigned i = 0; i < x->ndim; i++) {
        start[i] = x->numbers[3 * (size_t)i];
        step[i] = x->numbers[3 * (size_t)i + 1];
        count[i] = x->numbers[3 * (size_t)i + 2];
        if (count[i] == 0)
            return H5Sselect_none(x->space) >= 0;
    }
    return H5Sselect_hyperslab(x->space, H5S_SELECT_SET, start, step, count, NULL) >= 0;
}

static bool choose(uint8_t kind, const struct selecting *x)
{
    switch ((enum sandbox_region)kind) {
    case REGION_NONE:
        return H5Sselect_none(x->space) >= 0;
    case REGION_ALL:
        return H5Sselect_all(x->space) >= 0;
    case REGION_POINTS:
        return select_points(x);
    case REGION_BLOCKS:
        return select_blocks(x);
    case REGION_GRID:
        return select_grid(x);
    }
    return false;
}

/* Numbers of a selection: those that the heap still has, at most as many as it says. */
static bool take_numbers(struct reader *r, uint8_t kind, struct arena *arena, struct selecting *x,
                         struct error *err)
{
    const size_t each = kind == REGION_GRID ? 3 : kind == REGION_BLOCKS ? 2 : 1;
    const size_t most = kind == REGION_GRID ? x->ndim : (size_t)x->count * x->ndim;
    size_t need;
    if (kind == REGION_NONE || kind == REGION_ALL)
        return true;
    if (!checked_mul(most, each, &need) || need > reader_left(r) / 8)
        return FAIL(err, ERR_INTERNAL, ERROR_NO_OFFSET, "a selection is cut short");
    hsize_t *numbers = arena_alloc(arena, need, sizeof *numbers);
    if (numbers == NULL)
        return arena_fail(arena, err);
    for (size_t i = 0; i < need; i++) {
        uint64_t n;
        if (!reader_u64_le(r, &n, err))
            return false;
        numbers[i] = n;
    }
    x->numbers = numbers;
    x->left = need;
    return true;
}

bool region_reference_in(const struct session *s, struct reader *r, struct arena *arena, uint8_t *out,
                         struct error *err)
{
    AUTO(close_object) hid_t dataset = -1;
    hdset_reg_ref_t reference = {0};
    uint8_t kind, ndim;
    struct selecting x = {0};
    if (!take_target(s, r, arena, &dataset, err) || !reader_u8(r, &kind, err) || !reader_u8(r, &ndim, err) ||
        !reader_u32_le(r, &x.count, err))
        return false;
    x.ndim = ndim;
    if (!take_numbers(r, kind, arena, &x, err))
        return false;
    if (dataset < 0) {
        memcpy(out, &reference, sizeof reference);
        return true;
    }
    AUTO(close_space) hid_t space = H5Iget_type(dataset) == H5I_DATASET ? H5Dget_space(dataset) : -1;
    x.space = space;
    const bool numbered = kind != REGION_NONE && kind != REGION_ALL;
    if (space < 0 || (numbered && (ndim == 0 || H5Sget_simple_extent_ndims(space) != ndim)) ||
        !choose(kind, &x) || H5Sselect_valid(space) <= 0 ||
        H5Rcreate(&reference, dataset, ".", H5R_DATASET_REGION, space) < 0)
        return library_fail(err, ERR_UNREPRESENTABLE, "a region reference does not fit its dataset");
    memcpy(out, &reference, sizeof reference);
    return true;
}
