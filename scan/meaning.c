/*
 * What calls give, where it can be said without calling: names found by attribute, modules by name, texts
 * that are joined. A call's arguments were made before it, so the meanings of all parts are known by then.
 */
#include "judge.h"

static size_t slot_of(const struct scan *s, const struct value *v)
{
    uint64_t h = (uint64_t)(uintptr_t)v * 0x9e3779b97f4a7c15U;
    size_t i = (size_t)(h >> 20) & (s->meaning_slots - 1);
    while (s->meanings[i].value != NULL && s->meanings[i].value != v)
        i = (i + 1) & (s->meaning_slots - 1);
    return i;
}

struct meaning meaning_of(const struct scan *s, const struct value *v)
{
    if (v->kind == VALUE_GLOBAL)
        return (struct meaning){.kind = MEANS_NAME, .module = v->global->module, .name = v->global->name};
    if (v->kind == VALUE_STR || v->kind == VALUE_BYTES || v->kind == VALUE_BYTEARRAY)
        return (struct meaning){.kind = MEANS_TEXT, .text = v->text};
    if (s->meaning_slots == 0 || v->kind != VALUE_OBJECT)
        return (struct meaning){.kind = MEANS_NOTHING};
    return s->meanings[slot_of(s, v)].meaning;
}

static bool grow(struct scan *s, struct error *err)
{
    const struct meaning_slot *old = s->meanings;
    const size_t count = s->meaning_slots, wanted = count == 0 ? 64 : count * 2;
    s->meanings = arena_alloc(s->arena, wanted, sizeof *s->meanings);
    if (s->meanings == NULL) {
        s->meaning_slots = 0;
        return arena_fail(s->arena, err);
    }
    s->meaning_slots = wanted;
    for (size_t i = 0; i < count; i++)
        if (old[i].value != NULL)
            s->meanings[slot_of(s, old[i].value)] = old[i];
    return true;
}

bool meaning_set(struct scan *s, const struct value *v, struct meaning meaning, struct error *err)
{
    if (s->meaning_count * 2 >= s->meaning_slots && !grow(s, err))
        return false;
    struct meaning_slot *slot = &s->meanings[slot_of(s, v)];
    s->meaning_count += slot->value == NULL;
    *slot = (struct meaning_slot){v, meaning};
    return true;
}

void meaning_forget(struct scan *s)
{
    s->meanings = NULL;
    s->meaning_count = s->meaning_slots = 0;
}

/* ---- what the functions that find things give ---- */

static struct bytes join(struct scan *s, struct bytes a, const char *between, struct bytes b)
{
    enum { LONGEST = 4096 };
    const size_t n = strlen(between);
    if (a.len + b.len > LONGEST)
        return bytes_of("?", 1);
    uint8_t *all = arena_alloc(s->arena, a.len + n + b.len + 1, 1);
    if (all == NULL)
        return bytes_of(NULL, 0);
    if (a.len > 0)
        memcpy(all, a.data, a.len);
    memcpy(all + a.len, between, n);
    if (b.len > 0)
        memcpy(all + a.len + n, b.data, b.len);
    return bytes_of(all, a.len + n + b.len);
}

bool meaning_attribute(struct scan *s, struct meaning of, struct bytes path, struct meaning *out,
                       struct error *err)
{
    *out = (struct meaning){.kind = MEANS_NAME, .module = of.module};
    if (of.kind == MEANS_TEXT) { /* a method of a text: it is bound to it */
        out->module = bytes_text("builtins");
        out->name = join(s, bytes_text("str."), "", path);
        out->text = of.text;
    } else if (of.name.len == 0) {
        out->name = path;
    } else {
        out->name = join(s, of.name, ".", path);
    }
    return out->name.data != NULL || arena_fail(s->arena, err);
}

static bool a_name(struct scan *s, struct bytes text, struct meaning *out)
{
    const uint8_t *colon = text.len == 0 ? NULL : memchr(text.data, ':', text.len);
    const size_t at = colon != NULL ? (size_t)(colon - text.data) : bytes_behind(text, '.');
    (void)s;
    *out = (struct meaning){.kind = MEANS_NAME, .module = text, .name = bytes_of("", 0)};
    if (at == 0 || (colon == NULL && at == text.len))
        return true; /* a module */
    out->module = bytes_of(text.data, colon != NULL ? at : at - 1);
    out->name =
        colon != NULL ? bytes_of(colon + 1, text.len - at - 1) : bytes_of(text.data + at, text.len - at);
    return true;
}

typedef bool finder(struct scan *s, const struct meaning *callable, const struct value_list *args,
                    struct meaning *out, struct error *err);

static struct meaning argument(const struct scan *s, const struct value_list *args, size_t i)
{
    return i < args->count ? meaning_of(s, args->items[i]) : (struct meaning){.kind = MEANS_NOTHING};
}

/* getattr(X, 'n'), and all that does the same. */
static bool find_attribute(struct scan *s, const struct meaning *callable, const struct value_list *args,
                           struct meaning *out, struct error *err)
{
    const struct meaning of = argument(s, args, 0), name = argument(s, args, 1);
    (void)callable;
    if ((of.kind != MEANS_NAME && of.kind != MEANS_TEXT) || name.kind != MEANS_TEXT)
        return true;
    return meaning_attribute(s, of, name.text, out, err);
}

static bool find_module(struct scan *s, const struct meaning *callable, const struct value_list *args,
                        struct meaning *out, struct error *err)
{
    const struct meaning name = argument(s, args, 0);
    (void)callable;
    (void)err;
    if (name.kind == MEANS_TEXT && name.text.len > 0)
        *out = (struct meaning){.kind = MEANS_NAME, .module = name.text, .name = bytes_of("", 0)};
    return true;
}

/* numpy's own way to name its functions: (module, name). */
static bool find_in_module(struct scan *s, const struct meaning *callable, const struct value_list *args,
                           struct meaning *out, struct error *err)
{
    const struct meaning module = argument(s, args, 0), name = argument(s, args, 1);
    (void)callable;
    (void)err;
    if (module.kind == MEANS_TEXT && module.text.len > 0 && name.kind == MEANS_TEXT)
        *out = (struct meaning){.kind = MEANS_NAME, .module = module.text, .name = name.text};
    return true;
}

static bool find_name(struct scan *s, const struct meaning *callable, const struct value_list *args,
                      struct meaning *out, struct error *err)
{
    const struct meaning name = argument(s, args, 0);
    (void)callable;
    (void)err;
    return name.kind != MEANS_TEXT || name.text.len == 0 || a_name(s, name.text, out);
}

static bool find_getter(struct scan *s, const struct meaning *callable, const struct value_list *args,
                        struct meaning *out, struct error *err)
{
    const struct meaning name = argument(s, args, 0);
    (void)err;
    if (name.kind == MEANS_TEXT)
        *out = (struct meaning){.kind =
                                    bytes_is(callable->name, "methodcaller") ? MEANS_METHOD : MEANS_ATTRIBUTE,
                                .text = name.text};
    return true;
}

/* vars(X) and X.__dict__ are looked into by key: they stand for X. */
static bool find_itself(struct scan *s, const struct meaning *callable, const struct value_list *args,
                        struct meaning *out, struct error *err)
{
    (void)callable;
    (void)err;
    *out = argument(s, args, 0);
    return true;
}

/* Values that nothing can be hidden in. */
static bool is_plain(const struct value *keywords)
{
    for (size_t i = 0; i < keywords->dict.count; i++) {
        const enum value_kind kind = keywords->dict.items[i].value->kind;
        if (kind != VALUE_NONE && kind != VALUE_BOOL && kind != VALUE_INT && kind != VALUE_FLOAT &&
            kind != VALUE_STR)
            return false;
    }
    return true;
}

/* a's items, then b's from that one. NULL without an error: they are too many to be anybody's arguments. */
static bool concatenate(struct scan *s, const struct value_list *a, const struct value_list *b, size_t from,
                        const struct value_list **out, struct error *err)
{
    enum { MOST = 64 };
    const size_t n = a == NULL ? 0 : a->count, more = b->count - from;
    *out = NULL;
    if (n + more > MOST)
        return true;
    struct value_list *list = arena_alloc(s->arena, 1, sizeof *list);
    struct value **items = arena_alloc(s->arena, n + more + 1, sizeof *items);
    if (list == NULL || items == NULL)
        return arena_fail(s->arena, err);
    if (n > 0)
        memcpy(items, a->items, n * sizeof *items);
    if (more > 0)
        memcpy(items + n, b->items + from, more * sizeof *items);
    *list = (struct value_list){.items = items, .count = n + more};
    *out = list;
    return true;
}

bool meaning_partial(struct scan *s, struct meaning f, const struct value_list *bound, size_t from,
                     const struct value *keywords, struct meaning *out, struct error *err)
{
    const bool unknown = f.kind == MEANS_PARTIAL && f.bound == NULL;
    const struct value_list *first = f.bound;
    *out = f;
    out->kind = MEANS_PARTIAL;
    out->bound = NULL;
    if (unknown || (keywords != NULL && !is_plain(keywords)))
        return true;
    return concatenate(s, first, bound, from, &out->bound, err);
}

bool meaning_arguments(struct scan *s, const struct meaning *f, const struct value_list *args,
                       const struct value_list **out, struct error *err)
{
    *out = f->kind == MEANS_PARTIAL ? NULL : args;
    return f->kind != MEANS_PARTIAL || f->bound == NULL || concatenate(s, f->bound, args, 0, out, err);
}

static bool find_partial(struct scan *s, const struct meaning *callable, const struct value_list *args,
                         struct meaning *out, struct error *err)
{
    const struct meaning f = argument(s, args, 0);
    (void)callable;
    *out = f;
    return (f.kind != MEANS_NAME && f.kind != MEANS_PARTIAL) ||
           meaning_partial(s, f, args, 1, NULL, out, err);
}

static bool find_joined(struct scan *s, const struct meaning *callable, const struct value_list *args,
                        struct meaning *out, struct error *err)
{
    struct bytes between = callable->text, all = bytes_of("", 0);
    if (args->count == 2 && argument(s, args, 0).kind == MEANS_TEXT)
        between = argument(s, args, 0).text;
    const struct value *list = args->count == 0 ? NULL : args->items[args->count - 1];
    if (list == NULL || (list->kind != VALUE_LIST && list->kind != VALUE_TUPLE) || list->list.count > 256)
        return true;
    for (size_t i = 0; i < list->list.count; i++) {
        const struct meaning part = meaning_of(s, list->list.items[i]);
        if (part.kind != MEANS_TEXT)
            return true;
        if (i > 0 && between.len > 0)
            all = join(s, all, "", between);
        all = join(s, all, "", part.text);
        if (all.data == NULL)
            return arena_fail(s->arena, err);
    }
    *out = (struct meaning){.kind = MEANS_TEXT, .text = all};
    return true;
}

static bool is_latin1(struct bytes codec)
{
    return bytes_is(codec, "latin1") || bytes_is(codec, "latin-1");
}

/*
 * Texts through a codec: what most codecs leave as it is, and rot13; and Latin-1, by which protocols 0 to 2
 * write bytes.
 */
static bool find_decoded(struct scan *s, const struct meaning *callable, const struct value_list *args,
                         struct meaning *out, struct error *err)
{
    struct meaning text = argument(s, args, 0), codec = argument(s, args, 1);
    if (text.kind != MEANS_TEXT || text.text.len == 0)
        return true;
    const bool rot =
        codec.kind == MEANS_TEXT &&
        (bytes_is(codec.text, "rot13") || bytes_is(codec.text, "rot_13") || bytes_is(codec.text, "rot-13"));
    if (rot) {
        const struct bytes copy = arena_copy(s->arena, text.text);
        uint8_t *letters = (uint8_t *)(uintptr_t)copy.data;
        if (letters == NULL)
            return arena_fail(s->arena, err);
        for (size_t i = 0; i < copy.len; i++) {
            const uint8_t low = letters[i] | 0x20;
            if (low >= 'a' && low <= 'z')
                letters[i] = (uint8_t)(letters[i] + (low < 'n' ? 13 : -13));
        }
        text.text = copy;
    }
    struct bytes bytes;
    if (codec.kind == MEANS_TEXT && is_latin1(codec.text) && bytes_is(callable->name, "encode")) {
        if (!value_to_latin1(text.text, s->arena, &bytes, err))
            return err->kind == ERR_NONE;
        text.text = bytes;
    }
    *out = (struct meaning){.kind = MEANS_TEXT, .text = text.text};
    return true;
}

static const struct {
    const char *module, *name;
    finder *find;
} finders[] = {
    {"builtins", "getattr", find_attribute},
    {"builtins", "object.__getattribute__", find_attribute},
    {"builtins", "type.__getattribute__", find_attribute},
    {"builtins", "dict.get", find_attribute},
    {"builtins", "dict.__getitem__", find_attribute},
    {"operator", "getitem", find_attribute},
    {"_operator", "getitem", find_attribute},
    {"xmlrpc.server", "resolve_dotted_attribute", find_attribute},
    {"builtins", "__import__", find_module},
    {"importlib", "import_module", find_module},
    {"importlib", "__import__", find_module},
    {"importlib._bootstrap", "__import__", find_module},
    {"importlib._bootstrap", "_gcd_import", find_module},
    {"unittest.mock", "_importer", find_name},
    {"unittest.mock", "_dot_lookup", find_attribute},
    {"numpy.core", "_ufunc_reconstruct", find_in_module},
    {"numpy._core", "_ufunc_reconstruct", find_in_module},
    {"pkgutil", "resolve_name", find_name},
    {"pydoc", "locate", find_name},
    {"logging.config", "_resolve", find_name},
    {"operator", "attrgetter", find_getter},
    {"_operator", "attrgetter", find_getter},
    {"operator", "itemgetter", find_getter},
    {"_operator", "itemgetter", find_getter},
    {"operator", "methodcaller", find_getter},
    {"_operator", "methodcaller", find_getter},
    {"builtins", "vars", find_itself},
    {"functools", "partial", find_partial},
    {"_functools", "partial", find_partial},
    {"functools", "partialmethod", find_partial},
    {"builtins", "str.join", find_joined},
    {"builtins", "str", find_decoded},
    {"builtins", "bytes", find_decoded},
    {"builtins", "bytes.decode", find_decoded},
    {"_codecs", "decode", find_decoded},
    {"_codecs", "encode", find_decoded},
    {"codecs", "decode", find_decoded},
    {"codecs", "encode", find_decoded},
};

bool meaning_of_call(struct scan *s, const struct meaning *callable, const struct value_list *args,
                     struct meaning *out, bool *found, struct error *err)
{
    *out = (struct meaning){.kind = MEANS_NOTHING};
    *found = false;
    for (size_t i = 0; i < ROWS(finders); i++)
        if (bytes_is(callable->name, finders[i].name) && bytes_is(callable->module, finders[i].module)) {
            *found = true;
            return finders[i].find(s, callable, args, out, err);
        }
    return true;
}
