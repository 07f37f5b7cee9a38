#include "page.h"

#include <stdarg.h>
#include <stdio.h>

#include "negotiate.h"
#include "params.h"

enum { ROOM = 8 << 10 };

void page_add(struct page *page, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int n = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    const size_t need = n < 0 ? 0 : (size_t)n + 1;
    if (!page->failed && need > page->room - page->len) {
        const size_t room = 2 * page->room + need + ROOM;
        char *grown = arena_grow(page->request->arena, page->text, page->room, room);
        page->failed = grown == NULL;
        page->text = grown;
        page->room = room;
    }
    if (!page->failed)
        page->len += (size_t)vsnprintf(page->text + page->len, need, format, again);
    va_end(again);
}

void page_prose(struct page *page, const char *text)
{
    bool code = false;
    for (; *text != '\0'; text++) {
        const size_t n = strcspn(text, "`<>&");
        page_add(page, "%.*s", (int)n, text);
        text += n;
        if (*text == '\0')
            return;
        if (*text == '`') {
            code = !code;
            page_add(page, code ? "<code>" : "</code>");
        } else {
            page_add(page, "&#%d;", *text);
        }
    }
}

/* The base is made of letters, digits and -._~/ (see struct origin), so nothing has to be escaped. */
void page_link(struct page *page, const char *path, const char *text)
{
    page_add(page, "<a href=\"%s%s\">%s</a>", page->request->origin.base, path, text);
}

void page_start(struct page *page, const struct request *request, const char *title)
{
    *page = (struct page){.request = request};
    page_add(page,
             "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
             "<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s</title>\n"
             "<link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" "
             "href=\"%s/docs/page.css\">\n</head>\n<body>\n<main>\n<h1>%s</h1>\n",
             title, request->origin.base, title);
}

bool page_reply(struct page *page, struct reply *reply, struct error *err)
{
    page_add(page, "</main>\n</body>\n</html>\n");
    if (page->failed)
        return arena_fail(page->request->arena, err);
    reply->status = 200;
    reply->kind = REPLY_BYTES;
    reply->bytes = bytes_of(page->text, page->len);
    reply_header(reply, "Content-Type", "text/html; charset=utf-8");
    reply_header(reply, "Content-Security-Policy", PAGE_POLICY);
    return true;
}

bool page_or_json(const struct request *request, bool *html, struct reply *reply, struct error *err)
{
    static const char *const names[] = {"json", "html", NULL};
    static const char *const types[] = {"application/json", "text/html", NULL};
    unsigned form;
    bool varies, pretty = false;
    if (!negotiate_choice(request, "format", names, types, &form, &varies, err) ||
        !param_bool(request, "pretty", &pretty, err)) /* of JSON; a page has to refuse nonsense too */
        return false;
    if (varies)
        reply_header(reply, "Vary", "Accept");
    *html = form == 1;
    return true;
}
