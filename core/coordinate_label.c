/* Coordinates of text: names of stations, of genes. They need not be sorted: a range is from one place to
 * another. */
#include "coordinate_label.h"

/* Where a text is met. */
struct met {
    struct bytes text;
    uint64_t first, last, count;
};

bool coordinate_is_labels(const struct array *a)
{
    return a->ndim == 1 && (a->dtype.kind == DTYPE_TEXT || a->dtype.kind == DTYPE_BYTES);
}

static struct bytes label_at(const struct dtype *t, const uint8_t *element)
{
    struct bytes text = bytes_of(element, t->itemsize);
    if (t->kind == DTYPE_TEXT)
        memcpy(&text, element, sizeof text);
    while (text.len > 0 && text.data[text.len - 1] == 0)
        text.len--;
    return text;
}

static void meet(struct met *m, struct bytes label, uint64_t place)
{
    if (!bytes_equal(m->text, label))
        return;
    if (m->count++ == 0)
        m->first = place;
    m->last = place;
}

static bool look(const struct array *a, struct met met[2], struct arena *arena, struct error *err)
{
    enum { WINDOW = 64 << 10 };
    struct array_cursor c = {0};
    const uint8_t *block;
    size_t count;
    if (!array_cursor_init(&c, a, WINDOW, arena, err))
        return false;
    for (uint64_t at = 0;; at += count) {
        if (!array_cursor_next(&c, &block, &count, err) || count == 0)
            return err->kind == ERR_NONE;
        for (size_t i = 0; i < count; i++)
            for (size_t k = 0; k < 2; k++)
                meet(&met[k], label_at(&a->dtype, block + i * a->dtype.itemsize), at + i);
    }
}

/* Those that are equal follow each other, so that they are one end. */
static bool check(const struct met *m, const struct coordinate_term *term, struct error *err)
{
    const int len = (int)(m->text.len < 60 ? m->text.len : 60);
    if (m->text.len > 0 && m->count == 0)
        return FAIL(err, ERR_ARGUMENT, term->at, "'%.*s' has no element '%.*s'",
                    (int)(term->name.len < 60 ? term->name.len : 60), (const char *)term->name.data, len,
                    (const char *)m->text.data);
    return m->text.len == 0 || m->last - m->first == m->count - 1 ||
           FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                "'%.*s' is in more than one place of the coordinate; points= can name them", len,
                (const char *)m->text.data);
}

bool coordinate_find_label(const struct array *a, const struct coordinate_term *term, struct arena *arena,
                           uint64_t *start, uint64_t *count, bool *one, struct error *err)
{
    struct met met[2] = {{.text = term->low}, {.text = term->range ? term->high : term->low}};
    if (!look(a, met, arena, err) || !check(&met[0], term, err) || !check(&met[1], term, err))
        return false;
    const uint64_t end = met[1].text.len > 0 ? met[1].last + 1 : a->shape[0];
    *start = met[0].text.len > 0 ? met[0].first : 0;
    *count = end > *start ? end - *start : 0;
    *one = !term->range && *count == 1;
    return true;
}
