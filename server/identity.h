/* Who sends a request, and whether the route is for them. */
#ifndef MANDOLINE_IDENTITY_H
#define MANDOLINE_IDENTITY_H

#include "transaction.h"

/*
 * The route is known: t->grant becomes what the sender may do, the request points to it, and the parameters
 * of a signed link are taken out of the query. ERR_UNAUTHORIZED, ERR_FORBIDDEN.
 */
bool identity_check(struct transaction *t);

/* What a 401 or 403 has to say in headers (RFC 6750 section 3, RFC 7617). */
void identity_challenge(struct transaction *t);

#endif
