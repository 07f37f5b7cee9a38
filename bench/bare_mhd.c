/*
 * The peer of small requests: libmicrohttpd as mandoline uses it, answering one constant.
 * Usage: bare_mhd PORT FILE [CONTENT-TYPE]; ends when its standard input does.
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct constant {
    char *data;
    size_t size;
    const char *type;
};

static enum MHD_Result answer(void *arg, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **state)
{
    static int seen;
    (void)url, (void)method, (void)version, (void)upload, (void)upload_size;
    if (*state == NULL) { /* the headers are there, the body is not */
        *state = &seen;
        return MHD_YES;
    }
    const struct constant *c = arg;
    struct MHD_Response *response = MHD_create_response_from_buffer(c->size, c->data, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Content-Type", c->type);
    const enum MHD_Result queued = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return queued;
}

static int read_constant(const char *path, struct constant *out)
{
    FILE *file = fopen(path, "rb");
    out->data = malloc(1 << 20);
    if (file == NULL || out->data == NULL)
        return 0;
    out->size = fread(out->data, 1, 1 << 20, file);
    fclose(file);
    return 1;
}

int main(int argc, char **argv)
{
    struct constant c = {.type = argc > 3 ? argv[3] : "application/json"};
    if (argc < 3 || !read_constant(argv[2], &c)) {
        fprintf(stderr, "usage: bare_mhd PORT FILE [CONTENT-TYPE]\n");
        return 2;
    }
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)atoi(argv[1])),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0,
                         NULL, NULL, answer, &c, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_END);
    if (daemon == NULL) {
        fprintf(stderr, "bare_mhd: cannot listen on port %s\n", argv[1]);
        return 1;
    }
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    MHD_stop_daemon(daemon);
    free(c.data);
    return 0;
}
