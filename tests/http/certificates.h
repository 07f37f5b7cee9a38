/* Certificates for tests, made on the spot. */
#ifndef MANDOLINE_TEST_CERTIFICATES_H
#define MANDOLINE_TEST_CERTIFICATES_H

#include <stdbool.h>
#include <stddef.h>

struct certificate_wish {
    const char *folder, *file; /* FOLDER/FILE.pem and FOLDER/FILE.key are written */
    const char *issuer;        /* the file of another one; NULL: its own */
    const char *common_name;
    const char *uri, *host, *address; /* alternative names, in this order; NULL: none */
    bool authority;
    const char *purpose; /* an OID; NULL: any */
    int days;            /* from now to its end; below 0: it has ended */
};

void make_certificate(const struct certificate_wish *wish);

/* FOLDER/FILE.pem: the list of what issuer has revoked, which is that one (NULL: nothing); good for so long.
 */
void make_revocation(const char *folder, const char *file, const char *issuer, const char *revoked,
                     int seconds);

#endif
