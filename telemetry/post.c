#include "post.h"

#include <stdio.h>
#include <stdlib.h>

#include <curl/curl.h>

enum { STEP_MS = 50, HEADER_MAX = 4096 };

struct post {
    CURL *easy;
    CURLM *multi;
    struct curl_slist *headers;
};

/* NOLINTNEXTLINE(readability-non-const-parameter): the type is libcurl's */
static size_t pass_over(char *data, size_t size, size_t n, void *arg)
{
    (void)data, (void)arg;
    return size * n;
}

static bool add_header(struct post *p, const char *name, const char *value)
{
    char line[HEADER_MAX];
    if (snprintf(line, sizeof line, "%s: %s", name, value) >= (int)sizeof line)
        return false;
    struct curl_slist *longer = curl_slist_append(p->headers, line);
    if (longer == NULL)
        return false;
    p->headers = longer;
    return true;
}

static bool add_headers(struct post *p, const struct exporter_settings *settings)
{
    bool ok = add_header(p, "Content-Type", "application/json") && add_header(p, "Expect", "");
    for (size_t i = 0; i < settings->header_count; i++)
        ok = ok && add_header(p, settings->headers[i].name, settings->headers[i].value);
    return ok;
}

/* No signal, no redirection, no protocol but HTTP; a name that resolves slowly holds nobody up at the end. */
static void set_options(const struct post *p, const struct exporter_settings *settings)
{
    CURL *easy = p->easy;
    curl_easy_setopt(easy, CURLOPT_URL, settings->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, p->headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "mandoline");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, pass_over);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    if (settings->authorities != NULL)
        curl_easy_setopt(easy, CURLOPT_CAINFO, settings->authorities);
}

struct post *post_new(const struct exporter_settings *settings)
{
    struct post *p = calloc(1, sizeof *p);
    if (p == NULL)
        return NULL;
    p->easy = curl_easy_init();
    p->multi = curl_multi_init();
    if (p->easy == NULL || p->multi == NULL || !add_headers(p, settings)) {
        post_free(p);
        return NULL;
    }
    set_options(p, settings);
    return p;
}

void post_free(struct post *p)
{
    if (p == NULL)
        return;
    curl_easy_cleanup(p->easy);
    curl_multi_cleanup(p->multi);
    curl_slist_free_all(p->headers);
    free(p);
}

/* CURLE_ABORTED_BY_CALLBACK: it was given up. */
static CURLcode perform(const struct post *p, bool (*give_up)(void *arg), void *arg)
{
    int running = 1, left;
    while (running > 0) {
        if (curl_multi_perform(p->multi, &running) != CURLM_OK)
            return CURLE_SEND_ERROR;
        if (running > 0 && give_up(arg))
            return CURLE_ABORTED_BY_CALLBACK;
        if (running > 0)
            curl_multi_poll(p->multi, NULL, 0, STEP_MS, NULL);
    }
    const CURLMsg *message = curl_multi_info_read(p->multi, &left);
    return message == NULL ? CURLE_SEND_ERROR : message->data.result;
}

/* The statuses that OTLP says to try again. */
static enum post_end judge(const struct post *p, CURLcode code, uint64_t *wait_ms)
{
    long status = 0;
    curl_off_t seconds = 0;
    if (code != CURLE_OK)
        return POST_AGAIN;
    curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(p->easy, CURLINFO_RETRY_AFTER, &seconds);
    if (seconds > 0)
        *wait_ms = (uint64_t)seconds * 1000;
    if (status == 429 || status == 502 || status == 503 || status == 504)
        return POST_AGAIN;
    return status >= 200 && status < 300 ? POST_TAKEN : POST_REFUSED;
}

enum post_end post_send(struct post *p, struct bytes body, uint64_t timeout_ms, bool (*give_up)(void *arg),
                        void *arg, uint64_t *wait_ms)
{
    curl_easy_setopt(p->easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(p->easy, CURLOPT_POSTFIELDS, body.data);
    curl_easy_setopt(p->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
    if (curl_multi_add_handle(p->multi, p->easy) != CURLM_OK)
        return POST_AGAIN;
    const CURLcode code = perform(p, give_up, arg);
    const enum post_end end = judge(p, code, wait_ms);
    curl_multi_remove_handle(p->multi, p->easy);
    return end;
}
