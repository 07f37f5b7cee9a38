/* Who asked, and by what address. */
#ifndef MANDOLINE_ORIGIN_H
#define MANDOLINE_ORIGIN_H

/* As far as it can be believed (trust-proxy). Texts live as long as the request. */
struct origin {
    const char *remote; /* the client's address, without its port; "" when there is none */
    const char *scheme; /* "http" or "https" */
    const char *host;   /* what the client calls this server; "" when it did not say, or not in a sound way */
    const char *base;   /* what stands before every path of ours there: "" or "/x" (see link_to) */
};

#endif
