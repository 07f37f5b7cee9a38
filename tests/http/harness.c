#include "harness.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <curl/curl.h>

enum { ARGUMENTS_MAX = 24, START_TRIES = 3000, TRY_US = 20000, CALL_SECONDS = 300 };

static void path_in(const struct server_process *s, const char *name, char out[256])
{
    assert_true(snprintf(out, 256, "%s/%s", s->folder, name) < 256);
}

static char *read_all(int fd)
{
    size_t len = 0, capacity = 4096;
    char *text = malloc(capacity);
    ssize_t n;
    while (text != NULL && (n = read(fd, text + len, capacity - len - 1)) > 0) {
        len += (size_t)n;
        if (capacity - len < 2)
            text = realloc(text, capacity *= 2);
    }
    assert_non_null(text);
    text[len] = '\0';
    return text;
}

static char *log_now(const struct server_process *s)
{
    char path[256];
    path_in(s, "log", path);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    char *text = read_all(fd);
    close(fd);
    return text;
}

char *server_log(const struct server_process *s, const char *text)
{
    for (int i = 0; i < START_TRIES; i++) {
        char *log = log_now(s);
        if (strstr(log, text) != NULL)
            return log;
        free(log);
        usleep(TRY_US);
    }
    fail_msg("the log never said %s", text);
    return NULL;
}

/* The port in the line that the server prints when it listens; 0: it has not yet. */
static uint16_t printed_port(struct server_process *s)
{
    static const char before[] = "://127.0.0.1:";
    char *log = log_now(s);
    const char *line = strstr(log, "listening on http");
    const char *at = line == NULL ? NULL : strstr(line, before);
    const char *end = at == NULL ? NULL : strchr(at, '\n');
    s->secure = line != NULL && strncmp(line, "listening on https", 18) == 0;
    const uint16_t port = end == NULL ? 0 : (uint16_t)strtoul(at + sizeof before - 1, NULL, 10);
    free(log);
    return port;
}

static void run_server(const struct server_process *s, const char *const *argv)
{
    char path[256];
    path_in(s, "log", path);
    const int log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
    if (log < 0 || dup2(log, STDERR_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0)
        _exit(126);
    execv(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

/* A machine that has much to do is no fault of the server's; tests of such limits set their own. */
static const char *const patience[] = {"--limit-header-time=300", "--limit-body-time=300",
                                       "--limit-answer-time=300", "--limit-request-time=300",
                                       "--limit-worker-time=300"};

void server_start(struct server_process *s, const char *program, const char *const *arguments)
{
    char data[256];
    const char *argv[ARGUMENTS_MAX] = {program, "serve", "--listen", "127.0.0.1:0", "--data", data};
    size_t count = 6;
    for (size_t i = 0; i < ROWS(patience); i++)
        argv[count++] = patience[i];
    for (; arguments != NULL && *arguments != NULL; arguments++)
        argv[count++] = *arguments;
    assert_true(count < ARGUMENTS_MAX);
    *s = (struct server_process){.folder = "/tmp/mandoline-test.XXXXXX"};
    assert_non_null(mkdtemp(s->folder));
    path_in(s, "data", data);
    assert_int_equal(mkdir(data, 0700), 0);
    char log[256];
    path_in(s, "log", log);
    close(open(log, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    s->pid = fork();
    if (s->pid == 0)
        run_server(s, argv);
    for (int i = 0; i < START_TRIES && s->port == 0; i++) {
        usleep(TRY_US);
        s->port = printed_port(s);
        assert_int_equal(waitpid(s->pid, NULL, WNOHANG), 0); /* it has not ended */
    }
    assert_int_not_equal(s->port, 0);
}

static void remove_folder(const char *path)
{
    DIR *folder = opendir(path);
    for (const struct dirent *e; folder != NULL && (e = readdir(folder)) != NULL;)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            unlinkat(dirfd(folder), e->d_name, 0);
    if (folder != NULL)
        closedir(folder);
    rmdir(path);
}

void server_wait(struct server_process *s)
{
    int status = 0;
    assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        char *log = log_now(s);
        print_error("the server ended with %d; its log:\n%s\n", status, log);
        free(log);
    }
    char data[256];
    path_in(s, "data", data);
    remove_folder(data);
    remove_folder(s->folder);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

void server_stop(struct server_process *s)
{
    assert_int_equal(kill(s->pid, SIGTERM), 0);
    server_wait(s);
}

void server_put_file(const struct server_process *s, const char *name, struct bytes content)
{
    char path[256];
    assert_true(snprintf(path, sizeof path, "%s/data/%s", s->folder, name) < (int)sizeof path);
    FILE *f = fopen(path, "wbe");
    assert_non_null(f);
    assert_int_equal(fwrite(content.data, 1, content.len, f), content.len);
    assert_int_equal(fclose(f), 0);
}

static int start(void **state, const char *program)
{
    struct server_process *s = malloc(sizeof *s);
    assert_non_null(s);
    server_start(s, program, NULL);
    *state = s;
    return 0;
}

int start_mandoline(void **state)
{
    return start(state, TEST_MANDOLINE);
}

int start_mechanics(void **state)
{
    return start(state, TEST_MECHANICS);
}

int stop_server(void **state)
{
    server_stop(*state);
    free(*state);
    return 0;
}

struct client {
    CURL *curl;
    uint16_t port;
    bool secure;
};

struct client *client_new(const struct server_process *s)
{
    struct client *c = calloc(1, sizeof *c);
    assert_non_null(c);
    c->curl = curl_easy_init();
    c->port = s->port;
    c->secure = s->secure;
    assert_non_null(c->curl);
    return c;
}

void client_free(struct client *c)
{
    curl_easy_cleanup(c->curl);
    free(c);
}

static size_t take_head(char *data, size_t size, size_t n, void *arg)
{
    struct answer *a = arg;
    const size_t have = strlen(a->head);
    if (n >= 5 && memcmp(data, "HTTP/", 5) == 0)
        a->head[0] = '\0'; /* what came before was a 100 */
    else if (have + n + 1 > sizeof a->head)
        return 0;
    strncat(a->head, data, n);
    return size * n;
}

static size_t take_body(char *data, size_t size, size_t n, void *arg)
{
    struct answer *a = arg;
    if (a->len + n + 1 > a->room) {
        a->room = (a->len + n + 1) * 2;
        a->body = realloc(a->body, a->room);
        if (a->body == NULL)
            return 0;
    }
    memcpy(a->body + a->len, data, n);
    a->len += n;
    a->body[a->len] = '\0';
    return size * n;
}

static size_t give_body(char *out, size_t size, size_t n, void *arg)
{
    struct bytes *left = arg;
    n = left->len < size * n ? left->len : size * n;
    if (n > 0)
        memcpy(out, left->data, n);
    *left = bytes_of(left->data + n, left->len - n);
    return n;
}

static struct curl_slist *headers_of(const struct call *call)
{
    struct curl_slist *list = NULL;
    for (size_t i = 0; i < HEADERS_MAX && call->headers[i] != NULL; i++)
        list = curl_slist_append(list, call->headers[i]);
    return call->chunked ? curl_slist_append(list, "Transfer-Encoding: chunked") : list;
}

static void set_body(CURL *curl, const struct call *call, struct bytes *left)
{
    if (call->body.data == NULL)
        return;
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    if (call->chunked) {
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_body);
        curl_easy_setopt(curl, CURLOPT_READDATA, left);
        return;
    }
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body.data);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
}

static void set_tls(CURL *curl, const struct call *call)
{
    if (call->authority != NULL)
        curl_easy_setopt(curl, CURLOPT_CAINFO, call->authority);
    if (call->certificate != NULL) {
        curl_easy_setopt(curl, CURLOPT_SSLCERT, call->certificate);
        curl_easy_setopt(curl, CURLOPT_SSLKEY, call->key);
    }
    if (call->tls != 0)
        curl_easy_setopt(curl, CURLOPT_SSLVERSION, call->tls | call->tls << 16); /* least, and most */
}

void client_call(struct client *c, const struct call *call, struct answer *out)
{
    char url[4096];
    struct bytes left = call->body;
    struct curl_slist *headers = headers_of(call);
    CURL *curl = c->curl;
    *out = (struct answer){.body = calloc(1, 1), .room = 1};
    assert_true(snprintf(url, sizeof url, "http%s://127.0.0.1:%u%s", c->secure ? "s" : "", c->port,
                         call->path) < (int)sizeof url);
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)CALL_SECONDS);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, call->http == 0 ? (long)CURL_HTTP_VERSION_1_1 : call->http);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_head);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, out);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
    if (call->from != NULL)
        curl_easy_setopt(curl, CURLOPT_INTERFACE, call->from);
    set_tls(curl, call);
    set_body(curl, call, &left);
    if (call->method != NULL && strcmp(call->method, "HEAD") == 0)
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    else if (call->method != NULL)
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
    out->cut = curl_easy_perform(curl) != CURLE_OK;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &out->status);
    curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &out->connects);
    curl_slist_free_all(headers);
}

void http(const struct server_process *s, const struct call *call, struct answer *out)
{
    struct client *c = client_new(s);
    client_call(c, call, out);
    client_free(c);
}

void answer_free(struct answer *a)
{
    free(a->body);
    *a = (struct answer){0};
}

const char *answer_header(const struct answer *a, const char *name, char out[256])
{
    const size_t n = strlen(name);
    for (const char *line = a->head; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncasecmp(line, name, n) != 0 || line[n] != ':')
            continue;
        line += n + 1 + strspn(line + n + 1, " ");
        snprintf(out, 256, "%.*s", (int)strcspn(line, "\r\n"), line);
        return out;
    }
    return NULL;
}

const char *answer_problem(const struct answer *a, const char *member, char out[256])
{
    cJSON *document = cJSON_Parse((const char *)a->body);
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(document, member);
    char *text = item == NULL || cJSON_IsString(item) ? NULL : cJSON_PrintUnformatted(item);
    snprintf(out, 256, "%s", item == NULL ? "" : cJSON_IsString(item) ? item->valuestring : text);
    cJSON_free(text);
    cJSON_Delete(document);
    return out;
}

void assert_problem(const struct answer *a, long status, const char *slug)
{
    char text[256], expected[256];
    if (a->status != status)
        print_error("%s%s\n", a->head, (const char *)a->body);
    assert_int_equal(a->status, status);
    assert_string_equal(answer_header(a, "Content-Type", text), "application/problem+json");
    snprintf(expected, sizeof expected, "/problems/%s", slug);
    assert_string_equal(answer_problem(a, "type", text), expected);
    snprintf(expected, sizeof expected, "%ld", status);
    assert_string_equal(answer_problem(a, "status", text), expected);
    assert_string_not_equal(answer_problem(a, "title", text), "");
    assert_non_null(answer_header(a, "X-Request-Id", expected));
    assert_string_equal(answer_problem(a, "instance", text), expected);
}

int raw_connect(const struct server_process *s)
{
    return raw_connect_from(s, "127.0.0.1", 0);
}

int raw_connect_from(const struct server_process *s, const char *from, int buffer)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(s->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr(from)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (buffer > 0)
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer), 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&own, sizeof own), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

void raw_send(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

char *raw_read(int fd)
{
    char *text = read_all(fd);
    close(fd);
    return text;
}

/* What fits goes into out, the rest is thrown away. */
static void collect(int fd, char *out, size_t size)
{
    char *text = read_all(fd);
    snprintf(out, size, "%s", text);
    free(text);
    close(fd);
}

/* A nameless file with that text, from its start. */
static int text_file(const char *text)
{
    const int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

int run_program(const char *const *argv, const char *input, char *out, char *err, size_t size)
{
    const int in = text_file(input == NULL ? "" : input), output = text_file(""), errors = text_file("");
    int status = 0;
    const pid_t pid = fork();
    if (pid == 0) {
        dup2(in, STDIN_FILENO);
        dup2(output, STDOUT_FILENO);
        dup2(errors, STDERR_FILENO);
        execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(lseek(output, 0, SEEK_SET), 0);
    assert_int_equal(lseek(errors, 0, SEEK_SET), 0);
    collect(output, out, size);
    collect(errors, err, size);
    close(in);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}
