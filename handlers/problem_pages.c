/* What each type of problem means and what to do about it: the pages that "type" leads to. */
#include "answer.h"
#include "page.h"
#include "problem.h"
#include "routes.h"

const struct advice problem_advice[ERR_KIND_COUNT] = {
    [ERR_NONE] = {NULL, NULL},
    [ERR_SYNTAX] =
        {"The body, or a stored file, breaks the rules of the format that it is read as. `offset` is the "
         "byte where it shows.",
         "Check that the document is whole and is in the format that `from=` or `Content-Type` names; "
         "without both it is told by its first bytes."},
    [ERR_ARGUMENT] =
        {"A parameter is not known here, is there twice, or has a value that cannot be meant. Where a "
         "parameter has a grammar of its own, `offset` is the character that is wrong.",
         "Correct the parameter that `detail` names; the API reference lists those of each address."},
    [ERR_UNSUPPORTED] =
        {"The document follows its format and uses a part of it that this server does not read.",
         "Write the document without that part, or select another part of it with `path=`."},
    [ERR_UNREPRESENTABLE] =
        {"The value was read, and the format of the answer has no way to write it. `pointer` "
         "says where in the value.",
         "Ask for another format (`typed` holds everything), or for a part with `path=`, `slice=` or "
         "`fields=`."},
    [ERR_NOT_FOUND] =
        {"No address, no stored file, or nothing inside of the file has that name.",
         "List the files with `GET /v1/files`, and what is in one of them with `GET /v1/tree/{name}`."},
    [ERR_FORMAT] =
        {"The `Content-Type`, `Content-Encoding` or content of the body is none that can be read. `formats` "
         "lists those that can.",
         "Name the format with `from=`, or leave `Content-Type` out so that it is told by the first bytes."},
    [ERR_NOT_ACCEPTABLE] =
        {"`Accept`, `to=` or `format=` asks for nothing that can be written here. `formats` lists what "
         "can.",
         "Ask for one of those formats, or send no `Accept`."},
    [ERR_LIMIT] =
        {"The request or its answer is bigger than this server takes. `limit` names the limit, `limit_value` "
         "what it is set to.",
         "Ask for less with `path=`, `slice=` or `fields=`, or have whoever runs the server raise the limit "
         "(`limit-NAME`)."},
    [ERR_METHOD] = {"The address exists, and does not take this method.",
                    "Use one of those that `Allow` lists."},
    [ERR_PRECONDITION] =
        {"The resource has changed, or was not what `If-Match` or `If-Unmodified-Since` says.",
         "Get it again, and repeat the request with its new `ETag` if it still makes sense."},
    [ERR_RANGE] = {"The file ends before the range of bytes begins.",
                   "Ask for bytes below the size that `Content-Range` has."},
    [ERR_BUSY] = {"So much work is waiting already that more would only wait longer.",
                  "Repeat the request after the seconds that `Retry-After` has; it was not begun."},
    [ERR_DIED] =
        {"HDF5 files are read in processes of their own, and the one that worked on this document ended. "
         "Another took its place.",
         "Repeat the request once. If it fails again the document is damaged, and is refused for a while."},
    [ERR_COSTLY] =
        {"The document is well-formed and takes more time or memory than one document may. `limit` names "
         "which.",
         "Ask for a part of it, or have whoever runs the server raise the limit."},
    [ERR_UNAUTHORIZED] =
        {"The address takes to know who is asking, and nothing that was sent says so soundly.",
         "Send a token (`Authorization: Bearer`), or a signed link that has not expired; "
         "`WWW-Authenticate` says which ways there are."},
    [ERR_FORBIDDEN] = {"It is known who is asking, and this is not among what they may do.",
                       "Use credentials with the scope that `WWW-Authenticate` names."},
    [ERR_WRITTEN] = {"Another process writes the file at this moment, and half of a change is not shown.",
                     "Repeat the request after the seconds that `Retry-After` has."},
    [ERR_FULL] = {"There is no room left where request bodies wait.",
                  "Repeat the request after the seconds that `Retry-After` has, or have whoever runs the "
                  "server make room."},
    [ERR_SLOW] = {"The request did not arrive, or the answer was not taken, in the time that `limit` names.",
                  "Send it over a faster connection, in smaller parts, or have whoever runs the server raise "
                  "the limit."},
    [ERR_TIME] = {"The server worked on the request as long as `limit` allows, and gave up.",
                  "Ask for less, or have whoever runs the server raise the limit."},
    [ERR_GONE] = {"The client closed the connection before its answer; only logs have this.",
                  "Nothing, unless the client did not mean to: then give it more time."},
    [ERR_IO] =
        {"The server could not read or write a file of its own.",
         "Repeat the request later; whoever runs the server finds the reason in its log, by the request id "
         "that `instance` has."},
    [ERR_MEMORY] = {"The machine has no memory left for this request.",
                    "Repeat the request later, or ask for less."},
    [ERR_INTERNAL] = {"The server met something that its authors did not foresee.",
                      "Please report it, with the request id that `instance` has."},
};

/* The first row of that name, among kinds that share one. ERR_NONE: there is none. */
static enum error_kind kind_of(struct bytes slug)
{
    for (enum error_kind kind = ERR_NONE + 1; kind < ERR_KIND_COUNT; kind++)
        if (bytes_is(slug, problems[kind].slug))
            return kind;
    return ERR_NONE;
}

static struct value *describe(const struct request *request, enum error_kind kind)
{
    const struct problem *p = &problems[kind];
    struct dict d = dict_make(request->arena);
    const char *type = problem_type(request, kind);
    d.failed = d.failed || type == NULL;
    if (type != NULL)
        dict_text(&d, "type", type);
    dict_text(&d, "title", p->title);
    dict_uint(&d, "status", p->status);
    dict_text(&d, "meaning", problem_advice[kind].meaning);
    dict_text(&d, "remedy", problem_advice[kind].remedy);
    return d.failed ? NULL : d.value;
}

static bool list_json(const struct request *request, struct reply *reply, struct error *err)
{
    struct value *list = value_new(request->arena, VALUE_LIST), *root;
    for (enum error_kind kind = ERR_NONE + 1; kind < ERR_KIND_COUNT; kind++) {
        struct value *row =
            list == NULL || kind_of(bytes_text(problems[kind].slug)) != kind ? NULL : describe(request, kind);
        if (row != NULL && !value_append(request->arena, &list->list, row))
            list = NULL;
    }
    struct dict d = dict_make(request->arena);
    dict_put(&d, "problems", list);
    return dict_done(&d, &root, err) && answer_json(request, root, reply, err);
}

static bool list_page(const struct request *request, struct reply *reply, struct error *err)
{
    struct page page;
    page_start(&page, request, "Problems");
    page_add(
        &page,
        "<p>Every failure is answered by a problem document (RFC 9457), whose <code>type</code> leads to "
        "one of these pages.</p>\n<table>\n<tr><th>status</th><th>type</th><th>title</th></tr>\n");
    for (enum error_kind kind = ERR_NONE + 1; kind < ERR_KIND_COUNT; kind++) {
        const char *type = problem_type(request, kind);
        if (type == NULL || kind_of(bytes_text(problems[kind].slug)) != kind)
            continue;
        page_add(&page, "<tr><td>%u</td><td><a href=\"%s\">%s</a></td><td>%s</td></tr>\n",
                 problems[kind].status, type, problems[kind].slug, problems[kind].title);
    }
    page_add(&page, "</table>\n");
    return page_reply(&page, reply, err);
}

bool list_problems(const struct request *request, struct reply *reply, struct error *err)
{
    bool html;
    if (!page_or_json(request, &html, reply, err))
        return false;
    return html ? list_page(request, reply, err) : list_json(request, reply, err);
}

static bool problem_page(const struct request *request, enum error_kind kind, struct reply *reply,
                         struct error *err)
{
    struct page page;
    page_start(&page, request, problems[kind].title);
    page_add(&page, "<p><code>%s</code>, with the status %u.</p>\n<p>", problems[kind].slug,
             problems[kind].status);
    page_prose(&page, problem_advice[kind].meaning);
    page_add(&page, "</p>\n<h2>What to do</h2>\n<p>");
    page_prose(&page, problem_advice[kind].remedy);
    page_add(&page, "</p>\n<p>");
    page_link(&page, "/problems", "All problems");
    page_add(&page, ", ");
    page_link(&page, "/docs", "API reference");
    page_add(&page, "</p>\n");
    return page_reply(&page, reply, err);
}

bool get_problem(const struct request *request, struct reply *reply, struct error *err)
{
    const enum error_kind kind = kind_of(request->name);
    struct value *row;
    bool html;
    if (kind == ERR_NONE)
        return FAIL(err, ERR_NOT_FOUND, ERROR_NO_OFFSET, "there is no such type of problem");
    if (!page_or_json(request, &html, reply, err))
        return false;
    if (html)
        return problem_page(request, kind, reply, err);
    row = describe(request, kind);
    return row == NULL ? arena_fail(request->arena, err) : answer_json(request, row, reply, err);
}
