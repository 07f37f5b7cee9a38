/* What the judge asks the tokens. */
#ifndef MANDOLINE_TOKENS_H
#define MANDOLINE_TOKENS_H

#include "access.h"

/* Whether the text begins as our tokens do. */
bool token_is_ours(struct bytes text);

/* The grant of the row that knows the token. False: none does, or not any more. */
bool tokens_verify(const struct tokens *tokens, struct bytes token, int64_t now, struct grant *out);

/* The grant of the first row of that name, whether it has a token or not; one without scopes where all of
 * them have expired. False: there is no such row. */
bool tokens_by_name(const struct tokens *tokens, struct bytes name, int64_t now, struct grant *out);

#endif
