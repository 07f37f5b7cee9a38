/* Pages for people: HTML that is put together here, with the one style sheet of the documentation. */
#ifndef MANDOLINE_PAGE_H
#define MANDOLINE_PAGE_H

#include "exchange.h"

/* HTML under construction, in the arena. No memory is remembered until page_reply. */
struct page {
    const struct request *request;
    char *text;
    size_t len, room;
    bool failed;
};

/* Up to the heading. */
void page_start(struct page *page, const struct request *request, const char *title);

/* Markup of ours, with texts of ours in it. */
void page_add(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Sentences: what is between backquotes is code; nothing in them is markup. */
void page_prose(struct page *page, const char *text);

/* A link to a path of ours. */
void page_link(struct page *page, const char *path, const char *text);

/* 200 with the page. */
bool page_reply(struct page *page, struct reply *reply, struct error *err);

/* format=, else Accept: *html, or JSON where nobody says; notes Vary. PAGE_PARAMETERS are the route's. */
bool page_or_json(const struct request *request, bool *html, struct reply *reply, struct error *err);
#define PAGE_PARAMETERS "format", "pretty"

/* What our pages may load: their style sheet. */
#define PAGE_POLICY                                                                                          \
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "             \
    "frame-ancestors 'none'"

#endif
