/*
 * A virtual file driver on a descriptor: the only way by which the library reaches bytes. It can't open
 * anything by name, so links to other files and virtual sources end here (HDF5 reference manual, H5FD).
 */
#include <errno.h>
#include <unistd.h>

#include "worker.h"

/* What an access list carries. Re-opens by the library itself come without it and are refused. */
struct access {
    struct driver_file *file;
};

static H5FD_t *driver_open(const char *name, unsigned flags, hid_t access_list, haddr_t maxaddr)
{
    const struct access *access = H5Pget_driver_info(access_list);
    (void)maxaddr;
    if (access == NULL || access->file == NULL || strcmp(name, DRIVER_NAME) != 0)
        return NULL;
    struct driver_file *f = access->file;
    if (!f->writable && (flags & (H5F_ACC_RDWR | H5F_ACC_CREAT | H5F_ACC_TRUNC)) != 0)
        return NULL;
    if ((flags & H5F_ACC_TRUNC) != 0) {
        if (ftruncate(f->fd, 0) != 0)
            return NULL;
        f->eof = 0;
    }
    f->eoa = 0;
    return &f->base;
}

/* The descriptor belongs to the table of files. */
static herr_t driver_close(H5FD_t *file)
{
    (void)file;
    return 0;
}

/* Without this two views of one file would not know of each other. */
static int driver_cmp(const H5FD_t *a, const H5FD_t *b)
{
    const uint64_t x = ((const struct driver_file *)a)->serial, y = ((const struct driver_file *)b)->serial;
    return (x > y) - (x < y);
}

/* file is NULL when the library asks before it opens. */
static herr_t driver_query(const H5FD_t *file, unsigned long *flags)
{
    (void)file;
    *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
             H5FD_FEAT_AGGREGATE_SMALLDATA | H5FD_FEAT_IGNORE_DRVRINFO | H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
    return 0;
}

static haddr_t driver_get_eoa(const H5FD_t *file, H5FD_mem_t type)
{
    (void)type;
    return ((const struct driver_file *)file)->eoa;
}

static herr_t driver_set_eoa(H5FD_t *file, H5FD_mem_t type, haddr_t eoa)
{
    (void)type;
    ((struct driver_file *)file)->eoa = eoa;
    return 0;
}

static haddr_t driver_get_eof(const H5FD_t *file, H5FD_mem_t type)
{
    (void)type;
    return ((const struct driver_file *)file)->eof;
}

/* Past the end are zeros, as with the library's own driver. */
static herr_t driver_read(H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t at, size_t size, void *out)
{
    struct driver_file *f = (struct driver_file *)file;
    (void)transfer;
    if (f->watch.on && type == H5FD_MEM_DRAW) {
        f->watch.at = at;
        f->watch.size = size;
        return 0;
    }
    if (at > INT64_MAX || size > INT64_MAX - at)
        return -1;
    for (uint8_t *to = out; size > 0;) {
        const ssize_t n = pread(f->fd, to, size, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0) {
            memset(to, 0, size);
            return 0;
        }
        to += n;
        at += (haddr_t)n;
        size -= (size_t)n;
    }
    return 0;
}

static herr_t driver_write(H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t at, size_t size,
                           const void *data)
{
    struct driver_file *f = (struct driver_file *)file;
    (void)type, (void)transfer;
    if (!f->writable)
        return -1;
    if (at > f->most || size > f->most - at) {
        f->full = true;
        return -1;
    }
    for (const uint8_t *from = data; size > 0;) {
        const ssize_t n = pwrite(f->fd, from, size, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        from += n;
        at += (haddr_t)n;
        size -= (size_t)n;
        if (at > f->eof)
            f->eof = at;
    }
    return 0;
}

static herr_t driver_truncate(H5FD_t *file, hid_t transfer, hbool_t closing)
{
    struct driver_file *f = (struct driver_file *)file;
    (void)transfer, (void)closing;
    if (!f->writable || f->eoa == f->eof)
        return 0;
    if (f->eoa > f->most) {
        f->full = true;
        return -1;
    }
    if (ftruncate(f->fd, (off_t)f->eoa) != 0)
        return -1;
    f->eof = f->eoa;
    return 0;
}

/* No fapl_get: the library must not be able to hand our access on to a file that a document names. */
static const H5FD_class_t driver_class = {
    .name = "descriptor",
    .maxaddr = INT64_MAX,
    .fc_degree = H5F_CLOSE_STRONG,
    .fapl_size = sizeof(struct access),
    .open = driver_open,
    .close = driver_close,
    .cmp = driver_cmp,
    .query = driver_query,
    .get_eoa = driver_get_eoa,
    .set_eoa = driver_set_eoa,
    .get_eof = driver_get_eof,
    .read = driver_read,
    .write = driver_write,
    .truncate = driver_truncate,
    .fl_map = H5FD_FLMAP_DICHOTOMY,
};

bool driver_start(hid_t *driver)
{
    *driver = H5FDregister(&driver_class);
    return *driver >= 0;
}

hid_t driver_access(hid_t driver, struct driver_file *file)
{
    const struct access access = {file};
    const hbool_t clear = true;
    const hid_t list = H5Pcreate(H5P_FILE_ACCESS);
    if (list < 0)
        return list;
    /* "clear_status_flags" opens files whose last writer did not close them; there is no public name for it.
     */
    if (H5Pset_driver(list, driver, &access) < 0 || H5Pset_fclose_degree(list, H5F_CLOSE_STRONG) < 0 ||
        H5Pset_sieve_buf_size(list, 4096) < 0 ||
        (file->writable ? H5Pset_libver_bounds(list, H5F_LIBVER_EARLIEST, H5F_LIBVER_V18) < 0
                        : H5Pset(list, "clear_status_flags", &clear) < 0)) {
        H5Pclose(list);
        return -1;
    }
    return list;
}
