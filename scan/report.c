#include "judge.h"

#include <stdio.h>

const char *const verdict_names[] = {"safe", "unreadable", "suspicious", "dangerous"};
const char *const severity_names[] = {"quiet", "suspicious", "dangerous"};

/* Room for one more: lists double, and double at powers of two. */
static void *more(struct scan *s, void *items, size_t count, size_t size, struct error *err)
{
    if (count >= 8 && (count & (count - 1)) != 0)
        return items;
    if (count != 0 && count < 8)
        return items;
    void *grown = arena_grow(s->arena, items, count * size, (count == 0 ? 8 : count * 2) * size);
    if (grown == NULL)
        arena_fail(s->arena, err);
    return grown;
}

bool report_add(struct scan *s, const struct finding *f, struct error *err)
{
    static const enum verdict verdicts[] = {VERDICT_SAFE, VERDICT_SUSPICIOUS, VERDICT_DANGEROUS};
    struct scan_report *r = s->report;
    if (verdicts[f->severity] > r->verdict)
        r->verdict = verdicts[f->severity];
    if (r->finding_count == SCAN_FINDINGS_MAX) {
        r->left_off++;
        return true;
    }
    struct finding *grown = more(s, r->findings, r->finding_count, sizeof *f, err);
    if (grown == NULL)
        return false;
    r->findings = grown;
    r->findings[r->finding_count] = *f;
    r->findings[r->finding_count++].member = s->item->member;
    return true;
}

bool report_find(struct scan *s, enum severity severity, const char *rule, size_t offset, const char *opcode,
                 const char *does, struct error *err)
{
    const struct finding f = {
        .severity = severity, .rule = rule, .offset = offset, .opcode = opcode, .does = does};
    return report_add(s, &f, err);
}

bool report_part(struct scan *s, const struct item *item, const char *format, struct error *err)
{
    struct scan_report *r = s->report;
    struct scan_part *grown = more(s, r->parts, r->part_count, sizeof *grown, err);
    if (grown == NULL)
        return false;
    r->parts = grown;
    s->part = &r->parts[r->part_count++];
    *s->part = (struct scan_part){
        .member = item->member, .format = format, .size = item->bytes.len, .broken_at = SIZE_MAX};
    return true;
}

bool report_unreadable(struct scan *s, size_t offset, const char *problem, struct error *err)
{
    s->unreadable = true;
    if (s->part->broken_at != SIZE_MAX)
        return true;
    s->part->broken_at = offset;
    s->part->problem = arena_printf(s->arena, "%s", problem);
    return s->part->problem != NULL || arena_fail(s->arena, err);
}

bool report_name(struct scan *s, struct scan_name **list, size_t *count, const struct scan_name *name,
                 struct error *err)
{
    struct scan_name *grown = more(s, *list, *count, sizeof *name, err);
    if (grown == NULL)
        return false;
    *list = grown;
    (*list)[(*count)++] = *name;
    return true;
}

/* ---- calls as people read them ---- */

enum { CALL_MAX = 240, TEXT_MAX = 120 };

struct line {
    char text[CALL_MAX];
    size_t len;
};

static void put(struct line *l, const char *text, size_t n)
{
    if (n > sizeof l->text - 4 - l->len)
        n = sizeof l->text - 4 - l->len;
    memcpy(l->text + l->len, text, n);
    l->len += n;
}

static void put_text(struct line *l, const char *text)
{
    put(l, text, strlen(text));
}

/* As a Python literal; what is no plain ASCII as \x. */
static void put_quoted(struct line *l, struct bytes t)
{
    put_text(l, "'");
    for (size_t i = 0; i < t.len && i < TEXT_MAX; i++) {
        char escaped[8];
        const uint8_t c = t.data[i];
        if (c == '\\' || c == '\'')
            snprintf(escaped, sizeof escaped, "\\%c", c);
        else
            snprintf(escaped, sizeof escaped, c >= 0x20 && c < 0x7f ? "%c" : "\\x%02x", c);
        put_text(l, escaped);
    }
    put_text(l, t.len > TEXT_MAX ? "...'" : "'");
}

static void put_leaf(struct scan *s, struct line *l, const struct value *v)
{
    char number[32];
    const struct meaning m = meaning_of(s, v);
    if (v->kind == VALUE_STR || v->kind == VALUE_BYTES) {
        put_text(l, v->kind == VALUE_BYTES ? "b" : "");
        put_quoted(l, v->text);
    } else if (m.kind == MEANS_NAME || m.kind == MEANS_PARTIAL) {
        put(l, (const char *)m.module.data, m.module.len);
        put_text(l, ".");
        put(l, (const char *)m.name.data, m.name.len);
    } else if (v->kind == VALUE_INT) {
        snprintf(number, sizeof number, "%lld", (long long)v->integer);
        put_text(l, number);
    } else if (v->kind == VALUE_FLOAT) {
        snprintf(number, sizeof number, "%g", v->real);
        put_text(l, number);
    } else if (v->kind == VALUE_BOOL || v->kind == VALUE_NONE) {
        put_text(l, v->kind == VALUE_NONE ? "None" : v->boolean ? "True" : "False");
    } else {
        put_text(l, "<");
        put(l, (const char *)value_type_name(v).data, value_type_name(v).len);
        put_text(l, ">");
    }
}

static void put_all(struct scan *s, struct line *l, const struct value_list *list, bool inside)
{
    enum { MOST = 12 };
    for (size_t i = 0; i < list->count && i < MOST; i++) {
        const struct value *v = list->items[i];
        const bool nested = !inside && (v->kind == VALUE_LIST || v->kind == VALUE_TUPLE);
        put_text(l, i == 0 ? "" : ", ");
        if (!nested) {
            put_leaf(s, l, v);
            continue;
        }
        put_text(l, v->kind == VALUE_LIST ? "[" : "(");
        put_all(s, l, &v->list, true); /* one level, and no more */
        put_text(l, v->kind == VALUE_LIST ? "]" : ")");
    }
    put_text(l, list->count > MOST ? ", ..." : "");
}

/* Names are the client's bytes: what is no text must not come into an answer that is. */
static void make_ascii(struct line *l)
{
    for (size_t i = 0; i < l->len; i++)
        if ((uint8_t)l->text[i] < 0x20 || (uint8_t)l->text[i] >= 0x7f)
            l->text[i] = '?';
}

const char *report_call(struct scan *s, struct bytes module, struct bytes name, const struct value_list *args)
{
    struct line l = {.len = 0};
    put(&l, (const char *)module.data, module.len);
    put_text(&l, ".");
    put(&l, (const char *)name.data, name.len);
    put_text(&l, "(");
    if (args == NULL)
        put_text(&l, "...");
    else
        put_all(s, &l, args, false);
    put_text(&l, ")");
    make_ascii(&l);
    return arena_printf(s->arena, "%.*s%s", (int)l.len, l.text, l.len >= CALL_MAX - 4 ? "..." : "");
}
