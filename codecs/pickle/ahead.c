#include "machine.h"

#include "arrival.h"

/*
 * An opcode does with the end of what is there what it would do with the end of the document, which is wrong
 * only where it fails, so that alone must not happen: the machine stays behind by as much as opcodes and
 * their frames take at most where values are small. Big ones fail, and wait for everything.
 */
enum { BEHIND = 128 << 10 };

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
    while (m->result == NULL && m->end - m->at > BEHIND)
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
