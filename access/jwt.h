/* JSON Web Tokens (RFC 7519) in the compact form of signatures (RFC 7515). */
#ifndef MANDOLINE_JWT_H
#define MANDOLINE_JWT_H

#include "access.h"

/* Who the token is of and what it grants. ERR_UNAUTHORIZED: it is no good, in one sentence why. */
bool jwt_verify(const struct access *access, struct bytes token, int64_t now, struct arena *arena,
                struct grant *out, struct error *err);

#endif
