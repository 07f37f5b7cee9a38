#include "exposition.h"

#include "number.h"

struct exposition exposition_make(struct sink *out, struct error *err)
{
    return (struct exposition){.out = out, .err = err, .family = ""};
}

bool exposition_done(const struct exposition *e)
{
    return !e->failed;
}

/* ---- pieces ---- */

static void put_bytes(struct exposition *e, struct bytes text)
{
    if (!e->failed && !sink_bytes(e->out, text, e->err))
        e->failed = true;
}

static void put(struct exposition *e, const char *text)
{
    put_bytes(e, bytes_text(text));
}

static void put_count(struct exposition *e, uint64_t n)
{
    char text[NUMBER_MAX];
    put_bytes(e, bytes_of(text, number_write_uint(n, text)));
}

static void put_real(struct exposition *e, double n)
{
    char text[NUMBER_MAX];
    put_bytes(e, bytes_of(text, number_write_double(n, text)));
}

static double seconds(uint64_t microseconds)
{
    return (double)microseconds / 1e6;
}

/* Backslash, quotation mark and line feed are the three that are escaped. */
static void put_value(struct exposition *e, const char *text)
{
    for (; *text != '\0'; text++) {
        const char escaped[] = {'\\', *text == '\n' ? 'n' : *text, '\0'};
        if (*text == '\\' || *text == '"' || *text == '\n')
            put(e, escaped);
        else
            put_bytes(e, bytes_of(text, 1));
    }
}

static void put_name(struct exposition *e, const char *suffix, const struct exposition_labels *labels)
{
    put(e, e->family);
    put(e, suffix);
    size_t i = 0;
    for (; labels != NULL && i < EXPOSITION_LABELS && labels->names[i] != NULL; i++) {
        put(e, i == 0 ? "{" : ",");
        put(e, labels->names[i]);
        put(e, "=\"");
        put_value(e, labels->values[i]);
        put(e, "\"");
    }
    put(e, i > 0 ? "} " : " ");
}

/* ---- families and samples ---- */

void exposition_family(struct exposition *e, const char *name, const char *type, const char *help)
{
    e->family = name;
    put(e, "# HELP ");
    put(e, name);
    put(e, " ");
    put(e, help);
    put(e, "\n# TYPE ");
    put(e, name);
    put(e, " ");
    put(e, type);
    put(e, "\n");
}

void exposition_count(struct exposition *e, const struct exposition_labels *labels, uint64_t value)
{
    put_name(e, "", labels);
    put_count(e, value);
    put(e, "\n");
}

void exposition_real(struct exposition *e, const struct exposition_labels *labels, double value)
{
    put_name(e, "", labels);
    put_real(e, value);
    put(e, "\n");
}

static void put_bucket(struct exposition *e, const struct exposition_labels *labels, size_t place,
                       const char *bound, uint64_t value)
{
    struct exposition_labels all = *labels;
    all.names[place] = "le";
    all.values[place] = bound;
    put_name(e, "_bucket", &all);
    put_count(e, value);
    put(e, "\n");
}

void exposition_histogram(struct exposition *e, const struct exposition_labels *labels,
                          const struct histogram_total *total)
{
    struct exposition_labels own = {0};
    if (labels != NULL)
        own = *labels;
    size_t place = 0;
    uint64_t below = 0;
    while (place < EXPOSITION_LABELS - 1 && own.names[place] != NULL)
        place++;
    for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
        char bound[NUMBER_MAX + 1];
        bound[number_write_double(seconds(histogram_bounds[i]), bound)] = '\0';
        put_bucket(e, &own, place, bound, below += total->counts[i]);
    }
    put_bucket(e, &own, place, "+Inf", below += total->counts[HISTOGRAM_BOUNDS]);
    put_name(e, "_sum", &own);
    put_real(e, seconds(total->sum));
    put(e, "\n");
    put_name(e, "_count", &own);
    put_count(e, below);
    put(e, "\n");
}

void exposition_gauge(struct exposition *e, const char *name, const char *help, uint64_t value)
{
    exposition_family(e, name, "gauge", help);
    exposition_count(e, NULL, value);
}

void exposition_counter(struct exposition *e, const char *name, const char *help, uint64_t value)
{
    exposition_family(e, name, "counter", help);
    exposition_count(e, NULL, value);
}
