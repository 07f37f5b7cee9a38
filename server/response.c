#include <stdlib.h>
#include <unistd.h>

#include <microhttpd.h>

#include "delivery.h"

enum {
    BLOCK = 64 << 10, /* of answers that are not chunked */
    FILE_BLOCK = 256 << 10,
    SMALL_FILE = 1 << 20,
};

/* The socket has room for up to n bytes. */
static ssize_t on_pull(void *cls, uint64_t position, char *out, size_t n)
{
    (void)position;
    struct delivery *d = cls;
    size_t got;
    if (!guest_enter(d->guest, GUEST_SERVED) || !transaction_read(&d->transaction, out, n, &got) ||
        !guest_enter(d->guest, GUEST_TAKES))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    d->sent += got;
    return got == 0 ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)got;
}

static struct MHD_Response *bytes_response(struct delivery *d, struct bytes body)
{
    d->sent = body.len;
    return MHD_create_response_from_buffer(body.len, (void *)(uintptr_t)body.data, MHD_RESPMEM_PERSISTENT);
}

/* The socket has room for up to n bytes of a file. */
static ssize_t on_pull_file(void *cls, uint64_t position, char *out, size_t n)
{
    struct delivery *d = cls;
    const struct reply *reply = &d->transaction.reply;
    const ssize_t got = pread(reply->fd, out, n, (off_t)(reply->offset + position));
    /* Somebody cut the file, or writes it: the client sees that the answer is not whole. */
    if (got <= 0 || !store_state_holds(reply->fd, &reply->state) || !guest_enter(d->guest, GUEST_TAKES))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    d->sent += (uint64_t)got;
    return got;
}

bool delivery_wants_head_only(const struct delivery *d)
{
    const char *method = d->transaction.request.method;
    return method != NULL && strcmp(method, "HEAD") == 0;
}

/* In one piece. malloc, because a thread's next answer finds the same memory warm. */
static struct MHD_Response *small_file_response(struct delivery *d, const struct reply *reply)
{
    const size_t n = (size_t)reply->size;
    uint8_t *bytes = malloc(n + 1);
    if (bytes == NULL || (n > 0 && pread(reply->fd, bytes, n, (off_t)reply->offset) != (ssize_t)n) ||
        !store_state_holds(reply->fd, &reply->state)) {
        free(bytes);
        return NULL;
    }
    d->sent = n;
    return MHD_create_response_from_buffer_with_free_callback(n, bytes, free);
}

/*
 * Read and sent, not sendfile: pieces that stay in the processor's cache are taken from there by the socket,
 * which is faster than page by page, and most slices do not begin with a page.
 */
static struct MHD_Response *file_response(struct delivery *d, const struct reply *reply)
{
    if (reply->size <= SMALL_FILE && !delivery_wants_head_only(d))
        return small_file_response(d, reply);
    return MHD_create_response_from_callback(reply->size, FILE_BLOCK, on_pull_file, d, NULL);
}

static struct MHD_Response *encoder_response(struct delivery *d)
{
    const struct pull *p = &d->transaction.pull;
    if (p->done)
        return bytes_response(d, bytes_of(p->sink.data + p->sink.taken, p->sink.len - p->sink.taken));
    const uint64_t size = d->transaction.reply.size;
    struct MHD_Response *response =
        MHD_create_response_from_callback(size == 0 ? MHD_SIZE_UNKNOWN : size, BLOCK, on_pull, d, NULL);
    /* The library would write the last chunk behind the headers, where no body belongs. */
    if (response != NULL && size == 0 && delivery_wants_head_only(d))
        MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
    return response;
}

size_t delivery_buffer(const struct delivery *d)
{
    const struct reply *reply = &d->transaction.reply;
    if (reply->kind == REPLY_FILE)
        return reply->size <= SMALL_FILE ? (size_t)reply->size : FILE_BLOCK;
    return reply->kind == REPLY_ENCODER ? BLOCK : 0;
}

struct MHD_Response *delivery_response(struct delivery *d)
{
    const struct reply *reply = &d->transaction.reply;
    switch (reply->kind) {
    case REPLY_EMPTY:
        return bytes_response(d, bytes_of("", 0));
    case REPLY_BYTES:
        return bytes_response(d, reply->bytes);
    case REPLY_FILE:
        return file_response(d, reply);
    case REPLY_ENCODER:
        return encoder_response(d);
    }
    return NULL;
}
