#include "machine.h"

#include "arrival.h"

/* An opcode does with the end of what is there what it would do with the end of the document: it fails. */
bool machine_ahead(struct arrival *a)
{
    struct error unsaid = {0}; /* it is met again */
    struct machine *m = a->state;
    if (m == NULL) {
        m = a->state = arena_alloc(a->arena, 1, sizeof *m);
        if (m == NULL || !machine_start(m, a->whole, a->limits, a->arena, &unsaid))
            return false;
        m->encoding = a->options->encoding;
        m->runs = true;
    }
    m->end = m->in.data + a->here;
    while (m->result == NULL && (size_t)(m->end - m->at) > a->behind)
        if (!machine_step(m, &unsaid))
            return false;
    return true;
}

bool machine_resume(struct machine *m, struct bytes in, const struct codec_options *options,
                    const struct arrival *a)
{
    if (a == NULL || a->state == NULL || a->whole.data != in.data || a->whole.len != in.len ||
        a->options->encoding != options->encoding || options->buffers != NULL)
        return false;
    *m = *(const struct machine *)a->state;
    m->end = in.data + in.len;
    return true;
}
