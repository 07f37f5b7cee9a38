/* A folder of the local file system. */
#include "store.h"

#include "number.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NAME_ROOM = 512 }; /* of names that are looked at without an arena */

struct store {
    int root;
};

static int open_beneath(int root, const char *name, int flags)
{
    const struct open_how how = {
        .flags = (uint64_t)(flags | O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    return (int)syscall(SYS_openat2, root, name, &how, sizeof how);
}

bool store_new(const char *path, struct store **out, struct error *err)
{
    const int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "the data folder '%.150s' cannot be opened: %s", path,
                    strerror(errno));
    const int probe = open_beneath(root, ".", O_DIRECTORY);
    if (probe < 0) {
        error_set(err, ERR_IO, ERROR_NO_OFFSET, "the data folder '%.150s' cannot be listed: %s", path,
                  errno == ENOSYS ? "openat2 is needed, which Linux has since 5.6" : strerror(errno));
        close(root);
        return false;
    }
    close(probe);
    struct store *s = malloc(sizeof *s);
    if (s == NULL) {
        close(root);
        return FAIL(err, ERR_MEMORY, ERROR_NO_OFFSET, "there is no memory for the store");
    }
    s->root = root;
    *out = s;
    return true;
}

void store_free(struct store *s)
{
    if (s == NULL)
        return;
    close(s->root);
    free(s);
}

bool store_ready(const struct store *s)
{
    const int fd = open_beneath(s->root, ".", O_DIRECTORY);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* ---- identity ---- */

/* One step of a 64-bit mixer (the finaliser of splitmix64). */
static uint64_t mix(uint64_t h, uint64_t word)
{
    h = (h ^ word) + 0x9e3779b97f4a7c15u;
    h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;
    h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
    return h ^ (h >> 31);
}

/*
 * Not of the device: its number is that of a mount, and differs between machines that share a volume. Nobody
 * can set the time of a change, so files of two devices look the same only where one is a copy of the other,
 * block by block.
 */
void store_etag(const struct stat *st, char etag[STORE_ETAG])
{
    const uint64_t words[] = {
        (uint64_t)st->st_ino,          (uint64_t)st->st_size,        (uint64_t)st->st_mtim.tv_sec,
        (uint64_t)st->st_mtim.tv_nsec, (uint64_t)st->st_ctim.tv_sec, (uint64_t)st->st_ctim.tv_nsec,
    };
    uint64_t a = 0, b = 1;
    for (size_t i = 0; i < ROWS(words); i++) {
        a = mix(a, words[i]);
        b = mix(b, words[i] + a);
    }
    etag[0] = etag[33] = '"';
    number_write_hex(a, etag + 1);
    number_write_hex(b, etag + 17);
    etag[34] = '\0';
}

bool store_state_holds(int fd, const struct store_state *state)
{
    struct stat st;
    return state->size == 0 ||
           (fstat(fd, &st) == 0 && (uint64_t)st.st_size == state->size &&
            st.st_mtim.tv_sec == state->modified.tv_sec && st.st_mtim.tv_nsec == state->modified.tv_nsec);
}

/* ---- one file ---- */

/* False for what is not ours to serve: hidden parts, "." and ".." among them, and empty ones. */
static bool name_is_plain(struct bytes name)
{
    bool at_start = true;
    for (size_t i = 0; i < name.len; i++) {
        const uint8_t c = name.data[i];
        if (c == '\0' || (at_start && (c == '.' || c == '/')))
            return false;
        at_start = c == '/';
    }
    return name.len > 0 && !at_start;
}

bool store_no_such_file(struct bytes name, struct error *err)
{
    return FAIL(err, ERR_NOT_FOUND, ERROR_NO_OFFSET, "there is no file '%.*s'",
                (int)(name.len < 150 ? name.len : 150), (const char *)name.data);
}

static void close_descriptor(void *arg)
{
    const int *fd = arg;
    if (*fd >= 0)
        close(*fd);
}

bool store_open(const struct store *s, struct bytes name, struct arena *arena, struct store_file *out,
                struct error *err)
{
    if (!name_is_plain(name))
        return store_no_such_file(name, err);
    const struct bytes path = arena_copy(arena, name);
    int *fd = arena_alloc(arena, 1, sizeof *fd);
    if (path.data == NULL || fd == NULL)
        return arena_fail(arena, err);
    *fd = -1;
    if (!arena_defer(arena, close_descriptor, fd))
        return arena_fail(arena, err);
    *fd = open_beneath(s->root, (const char *)path.data, 0);
    struct stat st;
    if (*fd < 0 && (errno == EACCES || errno == EMFILE || errno == ENFILE || errno == EIO))
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "the file cannot be opened: %s", strerror(errno));
    if (*fd < 0 || fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode))
        return store_no_such_file(name, err);
    *out = (struct store_file){
        .input = input_of_fd(*fd, (uint64_t)st.st_size),
        .modified = st.st_mtim,
    };
    store_etag(&st, out->etag);
    return true;
}

bool store_look(const struct store *s, struct bytes name, char etag[STORE_ETAG])
{
    char path[NAME_ROOM];
    struct stat st;
    if (!name_is_plain(name) || name.len >= sizeof path)
        return false;
    memcpy(path, name.data, name.len);
    path[name.len] = '\0';
    if (fstatat(s->root, path, &st, 0) != 0 || !S_ISREG(st.st_mode))
        return false;
    store_etag(&st, etag);
    return true;
}

/* ---- listing ---- */

enum { LISTING_DEPTH = 64 }; /* folders within folders */

/* A name in a folder; a folder's ends with '/', so that sorting gives the byte order of whole names. */
struct name {
    struct bytes text;
};

/* A folder that is being listed: its sorted names, and which comes next. */
struct folder {
    struct bytes path; /* "" or "a/b/" */
    struct name *names;
    size_t count, next;
};

struct listing {
    const struct store *store;
    const struct grant *grant;
    struct arena *arena;
    struct bytes prefix, after;
    struct folder folders[LISTING_DEPTH];
    size_t depth;
};

static int compare_names(const void *a, const void *b)
{
    return bytes_compare(((const struct name *)a)->text, ((const struct name *)b)->text);
}

static void close_folder(DIR **dir)
{
    if (*dir != NULL)
        closedir(*dir);
}

static bool add_name(struct folder *f, size_t *capacity, struct bytes text, struct arena *arena)
{
    struct name *names = arena_room(arena, f->names, f->count, capacity, sizeof *names);
    if (names == NULL)
        return false;
    f->names = names;
    f->names[f->count++] = (struct name){.text = text};
    return true;
}

/* What an entry is; symbolic links to files count as files, those to folders are not followed (they could
 * loop). */
static bool is_folder(int dir, const struct dirent *entry)
{
    struct stat st;
    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_DIR;
    return fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* Reads and sorts the names of the folder at path. One that vanished meanwhile is empty. */
static bool read_folder(const struct listing *l, struct bytes path, struct folder *out, struct error *err)
{
    *out = (struct folder){.path = path};
    size_t capacity = 0;
    const int fd = open_beneath(l->store->root, path.len == 0 ? "." : (const char *)path.data, O_DIRECTORY);
    AUTO(close_folder) DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        if (fd >= 0)
            close(fd);
        return true;
    }
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        char *text = arena_printf(l->arena, "%s%s", entry->d_name, is_folder(fd, entry) ? "/" : "");
        if (text == NULL || !add_name(out, &capacity, bytes_text(text), l->arena))
            return arena_fail(l->arena, err);
    }
    if (out->count > 0)
        qsort(out->names, out->count, sizeof *out->names, compare_names);
    return true;
}

static bool starts_with(struct bytes a, struct bytes prefix)
{
    return a.len >= prefix.len && (prefix.len == 0 || memcmp(a.data, prefix.data, prefix.len) == 0);
}

/* Could a file in this folder be asked for? */
static bool folder_matters(const struct listing *l, struct bytes path)
{
    const bool prefix = starts_with(path, l->prefix) || starts_with(l->prefix, path);
    return prefix && grant_has_folder(l->grant, path) &&
           (bytes_compare(path, l->after) > 0 || starts_with(l->after, path));
}

static bool enter_folder(struct listing *l, struct bytes path, struct error *err)
{
    if (l->depth == LISTING_DEPTH || !folder_matters(l, path))
        return true;
    return read_folder(l, path, &l->folders[l->depth++], err);
}

/* Describes a file of the listing. False: it is no regular file (any more), or leads outside. */
static bool describe(const struct listing *l, struct bytes name, struct store_entry *out)
{
    const int fd = open_beneath(l->store->root, (const char *)name.data, 0);
    struct stat st;
    const bool regular = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    if (fd >= 0)
        close(fd);
    if (!regular)
        return false;
    *out = (struct store_entry){.name = name, .size = (uint64_t)st.st_size, .modified = st.st_mtim};
    store_etag(&st, out->etag);
    return true;
}

/* The next file's name in order, entering folders on the way. An empty *out is the end. */
static bool next_name(struct listing *l, struct bytes *out, struct error *err)
{
    *out = bytes_of(NULL, 0);
    while (l->depth > 0) {
        struct folder *f = &l->folders[l->depth - 1];
        if (f->next == f->count) {
            l->depth--;
            continue;
        }
        const struct bytes last = f->names[f->next++].text;
        const char *path = arena_printf(l->arena, "%.*s%.*s", (int)f->path.len, (const char *)f->path.data,
                                        (int)last.len, (const char *)last.data);
        if (path == NULL)
            return arena_fail(l->arena, err);
        const struct bytes name = bytes_text(path);
        if (path[name.len - 1] == '/') {
            if (!enter_folder(l, name, err))
                return false;
        } else if (starts_with(name, l->prefix) && bytes_compare(name, l->after) > 0 &&
                   grant_has_name(l->grant, name)) {
            *out = name;
            return true;
        }
    }
    return true;
}

bool store_list(const struct store *s, const struct grant *grant, struct bytes prefix, struct bytes after,
                size_t count, struct arena *arena, struct store_entry **out, size_t *found, bool *more,
                struct error *err)
{
    struct listing *l = arena_alloc(arena, 1, sizeof *l);
    struct store_entry *entries = arena_alloc(arena, count, sizeof *entries);
    if (l == NULL || entries == NULL)
        return arena_fail(arena, err);
    *l = (struct listing){.store = s,
                          .grant = grant == NULL ? &grant_everything : grant,
                          .arena = arena,
                          .prefix = prefix,
                          .after = after};
    if (!enter_folder(l, bytes_text(""), err))
        return false;
    size_t n = 0;
    struct bytes name;
    struct store_entry entry;
    bool overflow = false;
    while (!overflow) {
        if (!next_name(l, &name, err))
            return false;
        if (name.len == 0)
            break;
        if (!describe(l, name, &entry))
            continue;
        overflow = n == count;
        if (!overflow)
            entries[n++] = entry;
    }
    *out = entries;
    *found = n;
    *more = overflow;
    return true;
}
