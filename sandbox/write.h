/* What the operations that make things in a new file share. */
#ifndef MANDOLINE_SANDBOX_WRITE_H
#define MANDOLINE_SANDBOX_WRITE_H

#include "worker.h"

enum { WRITE_BUDGET = 256 << 20 };

bool write_session(struct worker *w, const struct sandbox_request *q, struct session **out,
                   struct error *err);
/* Why a call failed: the file grew over its limit, or the library's words. Is false. */
bool write_fail(const struct session *s, struct error *err, const char *what);
/* The group or object base, to be closed, and the name to make in it. */
bool write_place(const struct session *s, const struct sandbox_request *q, struct arena *arena, hid_t *base,
                 const char **name, struct error *err);
/* For a list of creation properties. */
void set_object_creation(hid_t plist);
/* Replies with the number of a new object. */
bool write_address(const struct session *s, hid_t object, struct sink *reply, struct error *err);
/* ---- elements_in.c ---- */

/* The window in the library's form: itself, or a copy in the arena. NULL: failed. */
const uint8_t *elements_in(const struct session *s, const struct type *t, struct bytes window, size_t count,
                           struct bytes heap, struct arena *arena, struct error *err);

/* ---- references_in.c ---- */

/* References as the heap says them (sandbox.h); to nothing where there is no such object in the file. */
bool object_reference_in(const struct session *s, struct reader *r, struct arena *arena, uint8_t *out,
                         struct error *err);
bool region_reference_in(const struct session *s, struct reader *r, struct arena *arena, uint8_t *out,
                         struct error *err);

#endif
