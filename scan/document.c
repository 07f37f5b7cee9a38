/* A report as a document: the answer of the endpoint, and a line of the command. */
#include "scanner.h"

#include "dict.h"
#include "utf8.h"

/* Client bytes as text: what is no UTF-8 is not sent as if it were. */
static void put_str(struct dict *d, const char *key, struct bytes text)
{
    bool surrogates = false;
    if (utf8_valid_surrogatepass(text, &surrogates) == text.len && !surrogates) {
        dict_str(d, key, text);
        return;
    }
    const struct bytes copy = arena_copy(d->arena, text);
    uint8_t *clean = (uint8_t *)(uintptr_t)copy.data;
    for (size_t i = 0; clean != NULL && i < copy.len; i++)
        if (clean[i] >= 0x80)
            clean[i] = '?';
    dict_put(d, key, clean == NULL ? NULL : value_str(d->arena, copy));
}

static void put_name(struct dict *d, const struct scan_name *n, bool called)
{
    put_str(d, "module", n->module);
    put_str(d, "name", n->name);
    if (!bytes_equal(n->raw_module, n->module) || !bytes_equal(n->raw_name, n->name)) {
        put_str(d, "written_module", n->raw_module);
        put_str(d, "written_name", n->raw_name);
    }
    dict_text(d, "severity", severity_names[n->severity]);
    put_str(d, "member", n->member);
    dict_uint(d, "offset", n->offset);
    dict_text(d, "opcode", n->opcode);
    dict_uint(d, "count", n->count);
    if (called)
        dict_text(d, "call", n->call);
}

static void put_finding(struct dict *d, const struct finding *f)
{
    dict_text(d, "severity", severity_names[f->severity]);
    dict_text(d, "rule", f->rule);
    put_str(d, "member", f->member);
    dict_uint(d, "offset", f->offset);
    if (f->opcode != NULL)
        dict_text(d, "opcode", f->opcode);
    if (f->module.len + f->name.len > 0) {
        put_str(d, "module", f->module);
        put_str(d, "name", f->name);
    }
    dict_text(d, "does", f->does);
    if (f->call != NULL)
        dict_text(d, "call", f->call);
}

static void put_part(struct dict *d, const struct scan_part *p)
{
    put_str(d, "member", p->member);
    dict_put(d, "format",
             p->format == NULL ? value_new(d->arena, VALUE_NONE) : value_text(d->arena, p->format));
    dict_uint(d, "size", p->size);
    dict_uint(d, "pickles", p->pickles);
    dict_uint(d, "trailing", p->trailing);
    if (p->broken_at != SIZE_MAX) {
        dict_uint(d, "unreadable_from", p->broken_at);
        put_str(d, "problem", bytes_text(p->problem));
    }
}

/* A list of dicts in *d; each is filled by the caller's loop. */
static struct value *add_list(struct dict *d, const char *key)
{
    struct value *list = value_new(d->arena, VALUE_LIST);
    dict_put(d, key, list);
    return list;
}

static void add_dict(struct dict *d, struct value *list, const struct dict *item)
{
    d->failed |= item->failed || list == NULL || !value_append(d->arena, &list->list, item->value);
}

static void put_names(struct dict *d, const char *key, const struct scan_name *names, size_t count,
                      bool called)
{
    struct value *list = add_list(d, key);
    for (size_t i = 0; !d->failed && i < count; i++) {
        struct dict item = dict_make(d->arena);
        put_name(&item, &names[i], called);
        add_dict(d, list, &item);
    }
}

static void put_report(struct dict *d, const struct scan_report *r, uint64_t size)
{
    dict_text(d, "verdict", verdict_names[r->verdict]);
    dict_uint(d, "size", size);
    struct value *findings = add_list(d, "findings");
    for (size_t i = 0; !d->failed && i < r->finding_count; i++) {
        struct dict item = dict_make(d->arena);
        put_finding(&item, &r->findings[i]);
        add_dict(d, findings, &item);
    }
    dict_uint(d, "findings_left_off", r->left_off);
    put_names(d, "imports", r->imports, r->import_count, false);
    put_names(d, "calls", r->calls, r->call_count, true);
    struct value *parts = add_list(d, "parts");
    for (size_t i = 0; !d->failed && i < r->part_count; i++) {
        struct dict item = dict_make(d->arena);
        put_part(&item, &r->parts[i]);
        add_dict(d, parts, &item);
    }
    dict_uint(d, "persistent_ids", r->persistent_ids);
    if (r->limit != NULL)
        dict_text(d, "limit", r->limit);
}

bool scan_report_value(const struct scan_report *r, uint64_t size, struct arena *arena, struct value **out,
                       struct error *err)
{
    struct dict d = dict_make(arena);
    put_report(&d, r, size);
    return dict_done(&d, out, err);
}

bool scan_report_of_file(struct bytes name, const struct scan_report *r, uint64_t size, struct arena *arena,
                         struct value **out, struct error *err)
{
    struct dict d = dict_make(arena);
    put_str(&d, "file", name);
    put_report(&d, r, size);
    return dict_done(&d, out, err);
}

bool scan_report_of_problem(struct bytes name, const char *problem, struct arena *arena, struct value **out,
                            struct error *err)
{
    struct dict d = dict_make(arena);
    put_str(&d, "file", name);
    dict_text(&d, "verdict", verdict_names[VERDICT_UNREADABLE]);
    put_str(&d, "problem", bytes_text(problem));
    return dict_done(&d, out, err);
}
