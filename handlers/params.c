#include "params.h"

#include <math.h>
#include <stdio.h>

#include "number.h"

static const char *const truths[] = {"false", "true", "0", "1", "no", "yes", "off", "on", NULL};
static const char *const nan_spellings[] = {
    [NAN_NULL] = "null", [NAN_STRING] = "string", [NAN_LITERAL] = "literal", [NAN_ERROR] = "error", NULL};

static const char *const table_forms[] = {
    [TABLE_RECORDS] = "records", [TABLE_COLUMNS] = "columns", [TABLE_SPLIT] = "split", NULL};
static const char *const encodings[] = {
    [ENCODING_GUESS] = "auto",  [ENCODING_ASCII] = "ascii", [ENCODING_LATIN1] = "latin1",
    [ENCODING_BYTES] = "bytes", [ENCODING_UTF8] = "utf8",   NULL};

enum { MAX_PROTOCOL = 5, SHOWN = 60 };

const struct bytes *param_find(const struct request *request, const char *name)
{
    for (size_t i = 0; i < request->query_count; i++)
        if (bytes_is(request->query[i].name, name))
            return &request->query[i].value;
    return NULL;
}

bool param_text(const struct request *request, const char *name, struct bytes *out)
{
    const struct bytes *found = param_find(request, name);
    if (found != NULL)
        *out = *found;
    return found != NULL;
}

/* "a, b and c"; names may end in '*'. */
static void list_words(const char *const *words, char *out, size_t size)
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; words[i] != NULL && n < size; i++) {
        const char *before = i == 0 ? "" : words[i + 1] == NULL ? " and " : ", ";
        n += (size_t)snprintf(out + n, size - n, "%s%.*s", before, (int)strcspn(words[i], "*"), words[i]);
    }
}

static int shown(struct bytes text)
{
    return text.len < SHOWN ? (int)text.len : SHOWN;
}

bool param_choice(const struct request *request, const char *name, const char *const *choices, unsigned *out,
                  struct error *err)
{
    const struct bytes *value = param_find(request, name);
    if (value == NULL)
        return true;
    for (unsigned i = 0; choices[i] != NULL; i++)
        if (bytes_is(*value, choices[i])) {
            *out = i;
            return true;
        }
    char words[160];
    list_words(choices, words, sizeof words);
    return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "%s cannot be '%.*s'; the values are %s", name,
                shown(*value), (const char *)value->data, words);
}

bool param_bool(const struct request *request, const char *name, bool *out, struct error *err)
{
    unsigned choice = *out;
    if (!param_choice(request, name, truths, &choice, err))
        return false;
    *out = choice % 2 == 1;
    return true;
}

bool param_number(const struct request *request, const char *name, uint64_t least, uint64_t most,
                  uint64_t *out, struct error *err)
{
    const struct bytes *value = param_find(request, name);
    int64_t number;
    if (value == NULL)
        return true;
    if (!number_read_int(*value, &number) || number < 0 || (uint64_t)number < least ||
        (uint64_t)number > most)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET,
                    "%s cannot be '%.*s'; it is a whole number from %llu to %llu", name, shown(*value),
                    (const char *)value->data, (unsigned long long)least, (unsigned long long)most);
    *out = (uint64_t)number;
    return true;
}

/* A finite number; *has: it was sent. */
static bool param_real(const struct request *request, const char *name, bool *has, double *out,
                       struct error *err)
{
    const struct bytes *value = param_find(request, name);
    double number;
    if (value == NULL)
        return true;
    if (value->len == 0 || number_read_double(*value, &number) != value->len || !isfinite(number))
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "%s cannot be '%.*s'; it is a number", name,
                    shown(*value), (const char *)value->data);
    *has = true;
    *out = number;
    return true;
}

static size_t count_parts(struct bytes text)
{
    size_t count = 1;
    for (size_t i = 0; i < text.len; i++)
        count += text.data[i] == ',';
    return count;
}

bool param_list(const struct request *request, const char *name, const struct bytes **out, size_t *count,
                struct error *err)
{
    const struct bytes *value = param_find(request, name);
    *count = 0;
    if (value == NULL)
        return true;
    const size_t parts = count_parts(*value);
    struct bytes *list = arena_alloc(request->arena, parts, sizeof *list);
    if (list == NULL)
        return arena_fail(request->arena, err);
    for (size_t i = 0, at = 0; i < parts; i++, at++) {
        const size_t start = at;
        while (at < value->len && value->data[at] != ',')
            at++;
        if (at == start)
            return FAIL(err, ERR_ARGUMENT, start, "%s has an empty name at character %zu", name, start);
        list[i] = bytes_of(value->data + start, at - start);
    }
    *out = list;
    *count = parts;
    return true;
}

/* index=: a whole number, or all. */
static bool param_index(const struct request *request, struct codec_options *o, struct error *err)
{
    const struct bytes *value = param_find(request, "index");
    if (value == NULL || number_read_int(*value, &o->index))
        return true;
    o->every = bytes_is(*value, "all");
    return o->every ||
           FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "index cannot be '%.*s'; it is a whole number, or all",
                shown(*value), (const char *)value->data);
}

/* cmap= log= min= max=: how numbers become colours. */
static bool param_look(const struct request *request, struct picture_look *look, struct error *err)
{
    unsigned map = look->map;
    if (!param_choice(request, "cmap", picture_maps, &map, err) ||
        !param_bool(request, "log", &look->log, err) ||
        !param_real(request, "min", &look->has_min, &look->min, err) ||
        !param_real(request, "max", &look->has_max, &look->max, err))
        return false;
    look->map = map;
    if (look->log && ((look->has_min && look->min <= 0) || (look->has_max && look->max <= 0)))
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "min and max lie above 0 where log is true");
    return !look->has_min || !look->has_max || look->min <= look->max ||
           FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "min cannot be above max");
}

bool param_options(const struct request *request, const struct codec_options **out, struct error *err)
{
    struct codec_options *o = arena_alloc(request->arena, 1, sizeof *o);
    if (o == NULL)
        return arena_fail(request->arena, err);
    *o = codec_options_default;
    o->crew = request->service->crew;
    o->hdf5_path = request->service->hdf5_path;
    unsigned nan = o->nan, table = o->table, encoding = o->encoding;
    uint64_t protocol = (uint64_t)o->protocol;
    if (!param_choice(request, "nan", nan_spellings, &nan, err) ||
        !param_choice(request, "table", table_forms, &table, err) ||
        !param_bool(request, "pretty", &o->pretty, err) ||
        !param_number(request, "protocol", 0, MAX_PROTOCOL, &protocol, err) ||
        !param_bool(request, "optimize", &o->optimize, err) ||
        !param_bool(request, "attributes", &o->attributes, err) ||
        !param_bool(request, "header", &o->header, err) ||
        !param_choice(request, "encoding", encodings, &encoding, err) || !param_index(request, o, err) ||
        !param_look(request, &o->picture, err))
        return false;
    o->header_said = param_find(request, "header") != NULL;
    o->nan = nan;
    o->table = table;
    o->encoding = encoding;
    o->protocol = (int)protocol;
    *out = o;
    return true;
}

/* The row of known that a name has, or NULL. */
static const char *known_as(struct bytes name, const char *const *known)
{
    for (; *known != NULL; known++)
        if (strcspn(*known, "*") == name.len && memcmp(*known, name.data, name.len) == 0)
            return *known;
    return NULL;
}

static bool unknown(const struct param *param, const char *const *known, struct error *err)
{
    char words[160];
    list_words(known, words, sizeof words);
    if (words[0] == '\0')
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "'%.*s' is not a parameter here; there are none",
                    shown(param->name), (const char *)param->name.data);
    return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "'%.*s' is not a parameter here; known are %s",
                shown(param->name), (const char *)param->name.data, words);
}

bool params_check(const struct request *request, const char *const *known, struct error *err)
{
    for (size_t i = 0; i < request->query_count; i++) {
        const struct param *p = &request->query[i];
        const char *row = known_as(p->name, known);
        if (row == NULL)
            return unknown(p, known, err);
        if (row[p->name.len] != '*' && param_find(request, row) != &p->value)
            return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "%s is there twice", row);
    }
    return true;
}
