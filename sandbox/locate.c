/* Where the chunks of a dataset lie, for those who undo its filters themselves. */
#include "worker.h"

enum { LOCATE_MOST = 1 << 16 };

bool chunks_are_plain(hid_t plist, hid_t type, const struct type *t)
{
    H5D_fill_value_t fill = H5D_FILL_VALUE_UNDEFINED;
    H5D_fill_time_t when = H5D_FILL_TIME_NEVER;
    unsigned options = 0;
    if (H5Pget_layout(plist) != H5D_CHUNKED || t->problem != NULL || !t->flat ||
        H5Tequal(type, t->memory) <= 0)
        return false;
    if (H5Pfill_value_defined(plist, &fill) < 0 || H5Pget_fill_time(plist, &when) < 0 ||
        fill == H5D_FILL_VALUE_UNDEFINED || when == H5D_FILL_TIME_NEVER)
        return false; /* what was never written is nothing in particular: that is the library's */
    if (fill == H5D_FILL_VALUE_USER_DEFINED && t->dtype.base != NULL)
        return false; /* its value is not described */
    return H5Pget_chunk_opts(plist, &options) >= 0 && options == 0;
}

/* The place of a chunk in the dataset from its number in C order. False: there is none. */
static bool start_of(const struct open_dataset *d, const hsize_t *chunk, uint64_t number, hsize_t *start)
{
    for (unsigned i = d->ndim; i-- > 0;) {
        const uint64_t along = chunk[i] == 0 ? 0 : d->shape[i] / chunk[i] + (d->shape[i] % chunk[i] != 0);
        if (along == 0)
            return false;
        start[i] = number % along * chunk[i];
        number /= along;
    }
    return number == 0;
}

/* For a chunk that was never written this version of the library has two answers: 0, or a failure that is two
 * calls deep; one that failed to look the chunk up is deeper. */
bool chunk_stored(const struct open_dataset *d, const hsize_t *start, hsize_t *size)
{
    *size = 0;
    H5Eclear2(H5E_DEFAULT);
    return H5Dget_chunk_storage_size(d->id, start, size) >= 0 || H5Eget_num(H5E_DEFAULT) == 2;
}

/*
 * The library tells where one chunk lies by going through all of them (H5Dget_chunk_info_by_coord: 60 ms for
 * one of 100,000). To read it, it looks the place up in the index: so it is asked to, and the driver is told
 * to take note in place of reading.
 */
static bool locate(const struct open_dataset *d, const hsize_t *start, struct sink *reply, struct error *err)
{
    struct driver_watch *watch = &d->file->driver.watch;
    hsize_t size = 0;
    uint32_t mask = 0;
    uint8_t unused[1];
    bool ok = chunk_stored(d, start, &size);
    *watch = (struct driver_watch){.on = true, .at = UINT64_MAX};
    if (ok && size > 0)
        ok = H5Dread_chunk(d->id, H5P_DEFAULT, start, &mask, unused) >= 0 && watch->size == size;
    watch->on = false;
    H5Eclear2(H5E_DEFAULT);
    if (!ok)
        return FAIL(err, ERR_SYNTAX, ERROR_NO_OFFSET, "a chunk of the dataset cannot be found");
    return wire_put_u64(reply, watch->at, err) && wire_put_u64(reply, size, err) &&
           wire_put_u32(reply, mask, err);
}

bool locate_chunks(struct worker *w, const struct sandbox_request *q, struct sink *reply, struct error *err)
{
    struct open_file *file;
    struct open_dataset *d;
    hsize_t chunk[H5S_MAX_RANK], start[H5S_MAX_RANK];
    if (!file_open(w, q, &file, err) || !dataset_open(w, file, q, &d, err))
        return false;
    AUTO(close_plist) hid_t plist = H5Dget_create_plist(d->id);
    if (plist < 0 || H5Pget_layout(plist) != H5D_CHUNKED || H5Pget_chunk(plist, (int)d->ndim, chunk) < 0)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "the dataset has no chunks");
    struct reader r = reader_make(q->payload);
    if (reader_left(&r) / 8 > LOCATE_MOST)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "more than %d chunks are asked for at once",
                    LOCATE_MOST);
    while (reader_left(&r) > 0) {
        uint64_t number;
        if (!reader_u64_le(&r, &number, err))
            return false;
        if (!start_of(d, chunk, number, start))
            return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "there is no chunk %llu",
                        (unsigned long long)number);
        if (!locate(d, start, reply, err))
            return false;
    }
    return true;
}
