/* The text that Prometheus reads (its text format, version 0.0.4): one family after the other. */
#ifndef MANDOLINE_EXPOSITION_H
#define MANDOLINE_EXPOSITION_H

#include "histogram.h"
#include "sink.h"

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* What could not be written (no memory) is remembered, so only exposition_done() has to be looked at. */
struct exposition {
    struct sink *out;
    struct error *err;
    const char *family;
    bool failed;
};

/* Both live as long as it does. */
struct exposition exposition_make(struct sink *out, struct error *err);

/* What the samples that follow are of. type: counter, gauge, histogram. */
void exposition_family(struct exposition *e, const char *name, const char *type, const char *help);

enum { EXPOSITION_LABELS = 4 };

/* Ends where a name is NULL. Values may be any text. */
struct exposition_labels {
    const char *names[EXPOSITION_LABELS], *values[EXPOSITION_LABELS];
};

/* labels may be NULL. */
void exposition_count(struct exposition *e, const struct exposition_labels *labels, uint64_t value);
void exposition_real(struct exposition *e, const struct exposition_labels *labels, double value);
/* Buckets, sum and count, in seconds. One label less than the most. */
void exposition_histogram(struct exposition *e, const struct exposition_labels *labels,
                          const struct histogram_total *total);

/* A family of one sample. */
void exposition_gauge(struct exposition *e, const char *name, const char *help, uint64_t value);
void exposition_counter(struct exposition *e, const char *name, const char *help, uint64_t value);

bool exposition_done(const struct exposition *e);

#endif
