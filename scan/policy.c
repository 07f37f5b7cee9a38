#include "policy.h"

#include "input.h"

/* ---- reading: the format is described at the top of policy.txt ---- */

#define BLANKS " \t\r"

static bool is_blank(uint8_t c)
{
    return memchr(BLANKS, c, strlen(BLANKS)) != NULL;
}

/* The first word of *rest, which is moved behind it. */
static struct bytes take_word(struct bytes *rest)
{
    size_t n = 0;
    *rest = bytes_trim(*rest, BLANKS);
    while (n < rest->len && !is_blank(rest->data[n]))
        n++;
    const struct bytes word = bytes_of(rest->data, n);
    *rest = bytes_trim(bytes_of(rest->data + n, rest->len - n), BLANKS);
    return word;
}

static bool take_pattern(struct bytes word, struct policy_row *row)
{
    const uint8_t *colon = word.len == 0 ? NULL : memchr(word.data, ':', word.len);
    if (colon == NULL)
        return false;
    row->module = bytes_of(word.data, (size_t)(colon - word.data));
    row->name = bytes_of(colon + 1, word.len - row->module.len - 1);
    row->tree = row->module.len > 2 && memcmp(colon - 2, ".*", 2) == 0;
    row->module.len -= row->tree ? 2 : 0;
    return row->module.len > 0 && row->name.len > 0;
}

static bool take_verb(struct bytes word, struct policy_row *row)
{
    static const struct {
        const char *word;
        enum severity severity;
        unsigned uses;
    } verbs[] = {
        {"dangerous", SEVERITY_DANGEROUS, 0},
        {"suspicious", SEVERITY_SUSPICIOUS, 0},
        {"name", SEVERITY_QUIET, USE_NAME},
        {"make", SEVERITY_QUIET, USE_NAME | USE_MAKE},
        {"call", SEVERITY_QUIET, USE_NAME | USE_CALL},
        {"fill", SEVERITY_QUIET, USE_NAME | USE_FILL},
    };
    for (size_t i = 0; i < ROWS(verbs); i++)
        if (bytes_is(word, verbs[i].word)) {
            row->severity = verbs[i].severity;
            row->uses = verbs[i].uses;
            return true;
        }
    return false;
}

static bool arguments_are_letters(struct bytes words)
{
    for (size_t i = 0; i < words.len; i++)
        if (!is_blank(words.data[i]) && strchr("sbinrltdgo0*+-", words.data[i]) == NULL)
            return false;
    return true;
}

static bool take_row(struct bytes line, struct policy_row *row, const char **why)
{
    *row = (struct policy_row){0};
    if (!take_verb(take_word(&line), row))
        return *why = "it begins with none of dangerous, suspicious, name, make, call, fill", false;
    if (!take_pattern(take_word(&line), row))
        return *why = "what follows is not MODULE:NAME", false;
    if (row->severity != SEVERITY_QUIET) {
        row->does = line;
        return true;
    }
    row->arguments = line;
    const bool may = (row->uses & (USE_CALL | USE_MAKE)) != 0, must = (row->uses & USE_CALL) != 0;
    if (line.len == 0 ? must : !may || !arguments_are_letters(line))
        return *why = "the arguments are not words of the letters s b i n r l t d g o 0 * + -", false;
    return true;
}

static bool add_row(struct policy *p, const struct policy_row *row, struct arena *arena, struct error *err)
{
    struct policy_row *grown = arena_room(arena, p->rows, p->count, &p->capacity, sizeof *grown);
    if (grown == NULL)
        return arena_fail(arena, err);
    p->rows = grown;
    p->rows[p->count++] = *row;
    return true;
}

static bool read_rows(struct policy *p, struct bytes text, struct arena *arena, struct error *err)
{
    size_t number = 1;
    for (size_t at = 0; at < text.len; number++) {
        const uint8_t *newline = memchr(text.data + at, '\n', text.len - at);
        const size_t end = newline == NULL ? text.len : (size_t)(newline - text.data);
        const struct bytes line = bytes_trim(bytes_of(text.data + at, end - at), BLANKS);
        struct policy_row row;
        const char *why;
        at = end + 1;
        if (line.len == 0 || line.data[0] == '#')
            continue;
        if (!take_row(line, &row, &why))
            return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "line %zu of the scan policy: %s", number, why);
        if (!add_row(p, &row, arena, err))
            return false;
    }
    return true;
}

/* ---- the index: rows by what must be a dotted beginning of a path for them to have it ---- */

/* A row of any name, or of a name in any module below, is found by its module, others by module and name. */
static bool is_any_of(const struct policy_row *row)
{
    return row->tree || bytes_is(row->name, "*") || bytes_is(row->name, "@");
}

static uint64_t hash_of(const struct policy *p, struct bytes dotted)
{
    struct sip sip = sip_start(p->seed);
    sip_bytes(&sip, 0, dotted);
    return sip_end(&sip);
}

static bool put_row(struct policy *p, size_t i, struct arena *arena)
{
    struct policy_row *row = &p->rows[i];
    const size_t len = row->module.len + (is_any_of(row) ? 0 : 1 + row->name.len);
    uint8_t *key = arena_alloc(arena, 1, len);
    if (key == NULL)
        return false;
    memcpy(key, row->module.data, row->module.len);
    if (len > row->module.len) {
        key[row->module.len] = '.';
        memcpy(key + row->module.len + 1, row->name.data, row->name.len);
    }
    uint32_t *slot = &p->slots[hash_of(p, bytes_of(key, len)) & (p->slot_count - 1)];
    row->next = *slot;
    *slot = (uint32_t)i + 1;
    p->longest = len > p->longest ? len : p->longest;
    return true;
}

static bool index_rows(struct policy *p, struct arena *arena, struct error *err)
{
    p->seed = sip_seed_make();
    for (p->slot_count = 64; p->slot_count < 2 * p->count;)
        p->slot_count *= 2;
    p->slots = arena_alloc(arena, p->slot_count, sizeof *p->slots);
    for (size_t i = 0; p->slots != NULL && i < p->count; i++)
        if (!put_row(p, i, arena))
            return arena_fail(arena, err);
    return p->slots != NULL || arena_fail(arena, err);
}

/* Rows that may have a path, in no order: those in the places of its dotted beginnings, and few others. */
struct candidates {
    const struct policy *policy;
    struct bytes path;
    size_t len;   /* of the beginning at hand */
    uint32_t row; /* the next one in its place, plus 1 */
};

static const struct policy_row *next_candidate(struct candidates *c)
{
    const struct policy *p = c->policy;
    while (c->row == 0) {
        const size_t from = c->len == 0 ? 0 : c->len + 1; /* behind the dot */
        if (from > c->path.len || from > p->longest || (c->len > 0 && c->len == c->path.len))
            return NULL;
        const uint8_t *dot =
            from == c->path.len ? NULL : memchr(c->path.data + from, '.', c->path.len - from);
        c->len = dot == NULL ? c->path.len : (size_t)(dot - c->path.data);
        if (c->len == 0) /* a dot at the start begins nothing */
            return NULL;
        if (c->len <= p->longest)
            c->row = p->slots[hash_of(p, bytes_of(c->path.data, c->len)) & (p->slot_count - 1)];
    }
    const struct policy_row *row = &p->rows[c->row - 1];
    c->row = row->next;
    return row;
}

bool policy_load(struct bytes text, struct arena *arena, const struct policy **out, struct error *err)
{
    struct policy *p = arena_alloc(arena, 1, sizeof *p);
    if (p == NULL)
        return arena_fail(arena, err);
    if (!read_rows(p, policy_builtin, arena, err) || !read_rows(p, text, arena, err) ||
        !index_rows(p, arena, err))
        return false;
    *out = p;
    return true;
}

/* ---- asking ---- */

bool policy_is_within(struct bytes above, struct bytes path)
{
    return path.len >= above.len && memcmp(path.data, above.data, above.len) == 0 &&
           (path.len == above.len || path.data[above.len] == '.');
}

static bool is_any(struct bytes name)
{
    return name.len == 1 && name.data[0] == '*';
}

/* Whether the dotted rest of a path leads through that name. */
static bool leads_through(struct bytes rest, struct bytes name)
{
    while (!policy_is_within(name, rest)) {
        const uint8_t *dot = memchr(rest.data, '.', rest.len);
        if (dot == NULL)
            return false;
        rest = bytes_of(dot + 1, rest.len - (size_t)(dot + 1 - rest.data));
        if (rest.len == 0)
            return false;
    }
    return true;
}

/* How closely a row that warns has the dotted path; 0: not at all. */
static size_t warns_of(const struct policy_row *row, struct bytes path)
{
    if (!policy_is_within(row->module, path))
        return 0;
    if (is_any(row->name))
        return row->tree || path.len == row->module.len ||
                       memchr(path.data + row->module.len + 1, '.', path.len - row->module.len - 1) == NULL
                   ? row->module.len
                   : 0;
    if (path.len == row->module.len)
        return 0;
    const struct bytes rest = bytes_of(path.data + row->module.len + 1, path.len - row->module.len - 1);
    if (row->tree ? !leads_through(rest, row->name) : !policy_is_within(row->name, rest))
        return 0;
    return row->module.len + row->name.len + 1;
}

static bool is_class_name(struct bytes name)
{
    size_t at = 0;
    while (at < name.len && name.data[at] == '_')
        at++;
    return at < name.len && at < 2 && name.data[at] >= 'A' && name.data[at] <= 'Z' &&
           memchr(name.data, '.', name.len) == NULL;
}

/* The same for a row that allows, which goes by module and name as they are. */
static size_t allows(const struct policy_row *row, struct bytes module, struct bytes name)
{
    if (!(row->tree ? policy_is_within(row->module, module) : bytes_equal(row->module, module)))
        return 0;
    if (is_any(row->name) || (bytes_is(row->name, "@") && is_class_name(name)))
        return row->module.len;
    return bytes_equal(row->name, name) ? row->module.len + row->name.len + 1 : 0;
}

/* Dotted names lead through attributes: "pathlib" and "os.system" is os.system. */
static const struct policy_row *hidden(const struct policy *p, struct bytes name)
{
    if (memchr(name.data, '.', name.len) == NULL)
        return NULL;
    for (size_t at = 0; at < name.len; at++) {
        if (at > 0 && name.data[at - 1] != '.')
            continue;
        struct candidates c = {.policy = p, .path = bytes_of(name.data + at, name.len - at)};
        for (const struct policy_row *row; (row = next_candidate(&c)) != NULL;)
            if (row->severity == SEVERITY_DANGEROUS && warns_of(row, c.path) > 0)
                return row;
    }
    return NULL;
}

enum { LONGEST = 512 }; /* of a path that some row may have */

/* module.name, in room. False: it is none that a row may have. */
static bool join(struct bytes module, struct bytes name, uint8_t room[LONGEST], struct bytes *path)
{
    if (module.len >= LONGEST || name.len >= LONGEST - module.len || name.len == 0 || module.len == 0)
        return false;
    memcpy(room, module.data, module.len);
    room[module.len] = '.';
    memcpy(room + module.len + 1, name.data, name.len);
    *path = bytes_of(room, module.len + 1 + name.len);
    return true;
}

struct opinion policy_name(const struct policy *p, struct bytes module, struct bytes name)
{
    uint8_t room[LONGEST];
    struct opinion o = {.severity = SEVERITY_SUSPICIOUS};
    struct bytes whole;
    if (!join(module, name, room, &whole))
        return o;
    const struct policy_row *inside = hidden(p, name);
    if (inside != NULL)
        return (struct opinion){SEVERITY_DANGEROUS, 0, true, SIZE_MAX, inside->does};
    struct candidates c = {.policy = p, .path = whole};
    for (const struct policy_row *row, *last = NULL; (row = next_candidate(&c)) != NULL;) {
        const bool quiet = row->severity == SEVERITY_QUIET;
        const size_t match = quiet ? allows(row, module, name) : warns_of(row, whole);
        if (match == 0)
            continue;
        o.uses |= row->uses;
        if (match > o.match || (match == o.match && row > last)) {
            o.match = match;
            last = row;
            o.listed = true;
            o.severity = row->severity;
            o.does = row->does;
        }
    }
    return o;
}

static bool is_bytes(const struct value *v)
{
    return v->kind == VALUE_BYTES || v->kind == VALUE_BYTEARRAY || v->kind == VALUE_STR ||
           v->kind == VALUE_EXTERNAL ||
           (v->kind == VALUE_OBJECT && v->object->callable->kind == VALUE_GLOBAL &&
            (bytes_is(v->object->callable->global->name, "encode") ||
             bytes_is(v->object->callable->global->name, "bytes") ||
             bytes_is(v->object->callable->global->name, "bytearray") ||
             bytes_is(v->object->callable->global->name, "py_buffer")));
}

/* "22/7": a power of ten would be worked out. */
static bool is_ratio(const struct value *v)
{
    if (v->kind != VALUE_STR)
        return false;
    for (size_t i = 0; i < v->text.len; i++)
        if (memchr("-/0123456789", v->text.data[i], 12) == NULL)
            return false;
    return true;
}

static bool is_kind(const struct value *v, uint8_t letter)
{
    switch (letter) {
    case 's':
        return v->kind == VALUE_STR;
    case 'r':
        return is_ratio(v);
    case 'b':
        return is_bytes(v);
    case 'i':
        return v->kind == VALUE_INT || v->kind == VALUE_BIGINT || v->kind == VALUE_BOOL;
    case 'n':
        return v->kind == VALUE_INT || v->kind == VALUE_FLOAT || v->kind == VALUE_BOOL;
    case 'l':
        return v->kind == VALUE_LIST || v->kind == VALUE_TUPLE;
    case 't':
        return v->kind == VALUE_TUPLE;
    case 'd':
        return v->kind == VALUE_DICT;
    case 'g':
        return v->kind == VALUE_GLOBAL;
    case 'o': /* something that was made, or data: nothing that can be called by its name */
        return v->kind != VALUE_GLOBAL;
    case '0':
        return v->kind == VALUE_NONE;
    default:
        return letter == '*';
    }
}

static bool fits(struct bytes letters, const struct value_list *args)
{
    const bool open = letters.data[letters.len - 1] == '+';
    const size_t n = letters.data[0] == '-' ? 0 : letters.len - open;
    if (open ? args->count < n : args->count != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_kind(args->items[i], letters.data[i]))
            return false;
    return true;
}

bool policy_takes(const struct policy *p, unsigned uses, struct bytes module, struct bytes name,
                  const struct value_list *args)
{
    uint8_t room[LONGEST];
    struct candidates c = {.policy = p};
    if (!join(module, name, room, &c.path))
        return false;
    for (const struct policy_row *row; (row = next_candidate(&c)) != NULL;) {
        if ((row->uses & uses) == 0 || allows(row, module, name) == 0)
            continue;
        struct bytes words = row->arguments;
        while (words.len > 0)
            if (fits(take_word(&words), args))
                return true;
    }
    return false;
}
