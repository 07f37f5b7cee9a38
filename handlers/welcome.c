/* The root: what this is, and where everything else is. */
#include "answer.h"
#include "page.h"
#include "routes.h"

static const struct {
    const char *name, *path, *what;
} places[] = {
    {"documentation", "/docs", "the API reference"},
    {"openapi", "/openapi.json", "the same as an OpenAPI document"},
    {"formats", "/v1/formats", "what can be read and written"},
    {"files", "/v1/files", "the files that are served"},
    {"problems", "/problems", "the types of problem documents"},
    {"health", "/healthz", "whether the process is alive"},
};

static bool welcome_json(const struct request *request, struct reply *reply, struct error *err)
{
    struct dict links = dict_make(request->arena), d = dict_make(request->arena);
    struct value *root;
    for (size_t i = 0; i < ROWS(places); i++) {
        const char *link = link_to(request, places[i].path);
        dict_put(&links, places[i].name, link == NULL ? NULL : value_text(request->arena, link));
    }
    dict_text(&d, "name", "mandoline");
    dict_text(&d, "version", request->service->version);
    dict_text(&d, "summary", "Converts, inspects, scans and slices Python's serialized data, without Python");
    dict_put(&d, "links", links.failed ? NULL : links.value);
    return dict_done(&d, &root, err) && answer_json(request, root, reply, err);
}

static bool welcome_page(const struct request *request, struct reply *reply, struct error *err)
{
    struct page page;
    page_start(&page, request, "mandoline");
    page_add(&page,
             "<p>Converts, inspects, scans and slices what Python people serialize: pickle, HDF5, JSON, npy "
             "and their relatives, without Python, and without ever executing anything that a document "
             "names.</p>\n<ul>\n");
    for (size_t i = 0; i < ROWS(places); i++) {
        page_add(&page, "<li>");
        page_link(&page, places[i].path, places[i].path);
        page_add(&page, ": %s</li>\n", places[i].what);
    }
    page_add(&page, "</ul>\n<p>Version %s.</p>\n", request->service->version);
    return page_reply(&page, reply, err);
}

bool welcome(const struct request *request, struct reply *reply, struct error *err)
{
    bool html;
    if (!page_or_json(request, &html, reply, err))
        return false;
    return html ? welcome_page(request, reply, err) : welcome_json(request, reply, err);
}
