#include "config.h"

#include "small_file.h"

#include <ctype.h>
#include <stdlib.h>
#include <unistd.h>

#include <cjson/cJSON.h>

enum { CONFIG_MEMORY = 16 << 20, NAME_MAX_LEN = 64 };

/* The words of a setting, by the value of its enum. */
static const char *const log_levels[] = {
    [LOG_OFF] = "off", [LOG_ERRORS] = "errors", [LOG_ALL] = "all", [LOG_DEBUG] = "debug", NULL};
static const char *const log_formats[] = {[LOG_JSON] = "json", [LOG_TEXT] = "text", NULL};
static const char *const anonymous_words[] = {[ANONYMOUS_AUTO] = "auto",
                                              [ANONYMOUS_NONE] = "none",
                                              [ANONYMOUS_READ] = "read",
                                              [ANONYMOUS_ALL] = "all",
                                              NULL};
static const char *const truths[] = {"false", "true", NULL};
static const char *const confine_modes[] = {
    [CONFINE_AUTO] = "auto", [CONFINE_REQUIRE] = "require", [CONFINE_OFF] = "off", NULL};
static const char *const hdf5_paths[] = {
    [HDF5_AUTO] = "auto", [HDF5_DIRECT] = "direct", [HDF5_LIBRARY] = "library", NULL};

#define TEXT(name, field, hint, what)                                                                        \
    {                                                                                                        \
        name, hint, what, SETTING_TEXT, offsetof(struct config, field), 0, NULL, NULL                        \
    }
#define WORD(name, field, words, bare, hint, what)                                                           \
    {                                                                                                        \
        name, hint, what, SETTING_WORD, offsetof(struct config, field), 0, words, bare                       \
    }
#define NUMBER(name, field, minimum, what)                                                                   \
    {                                                                                                        \
        name, "N", what, SETTING_NUMBER, offsetof(struct config, field), minimum, NULL, NULL                 \
    }
#define LIMIT(field, name, value, minimum, what) NUMBER("limit-" name, limits.field, minimum, what),

const struct setting settings[SETTING_COUNT] = {
    TEXT("listen", listen, "ADDR:PORT", "where to listen; port 0 takes a free one"),
    TEXT("admin-listen", admin_listen, "ADDR:PORT",
         "where probes and metrics are answered as well, to everyone who asks"),
    TEXT("data", data, "DIR", "the folder whose files are served"),
    TEXT("scan-policy", scan_policy, "FILE", "rows of a policy for scans, over what is built in"),
    TEXT("tokens", tokens, "FILE", "who may do what, a token a line; mandoline token makes them"),
    TEXT("jwt-keys", jwt_keys, "FILE", "the keys (a JWK Set) that JSON Web Tokens are signed with"),
    TEXT("jwt-issuer", jwt_issuer, "TEXT", "the issuer that they must be from"),
    TEXT("jwt-audience", jwt_audience, "TEXT", "the audience that they must be for"),
    TEXT("signing-key-file", signing_key_file, "FILE",
         "keys of signed links, one a line; the first one signs"),
    TEXT("tls-cert", tls_cert, "FILE", "the server's certificate and those above it, PEM"),
    TEXT("tls-key", tls_key, "FILE", "its private key, PEM"),
    TEXT("tls-client-ca", tls_client_ca, "FILE", "who may sign certificates of clients, PEM"),
    TEXT("tls-client-crl", tls_client_crl, "FILE", "which of these certificates are revoked, PEM"),
    TEXT("tls-client-scopes", tls_client_scopes, "SCOPES",
         "what clients with such a certificate may do, unless a token's row says"),
    WORD("allow-anonymous", allow_anonymous, anonymous_words, "all", "auto|none|read|all",
         "what others may do; auto: all, on loopback addresses, where none of the above is set"),
    WORD("log", log, log_levels, NULL, "off|errors|all|debug",
         "which exchanges are logged; debug: probes too"),
    WORD("log-format", log_format, log_formats, NULL, "json|text",
         "how a line looks: for programs, or for people"),
    NUMBER("drain-delay", drain_delay, 0,
           "seconds between SIGTERM, when readiness ends, and the end of listening"),
    WORD("hdf5-path", hdf5_path, hdf5_paths, NULL, "auto|direct|library",
         "how chunks are read: by us, or by the HDF5 library"),
    WORD("sandbox", sandbox, confine_modes, NULL, "auto|require|off",
         "what the serving process gives up: all it can, all or it does not start, nothing"),
    TEXT("cache-control", cache_control, "TEXT", "the Cache-Control of answers about stored files"),
    NUMBER("compression", compression, 0,
           "how hard to compress text for clients that take gzip or zstd, 1 to 9; 0: not at all"),
    NUMBER("workers", workers, 0, "processes that read HDF5; 0: one a core"),
    TEXT("trust-proxy", trust_proxy, "CIDR,...",
         "peers whose Forwarded and X-Forwarded-* headers are believed"),
    TEXT("base-path", base_path, "/PATH",
         "the path that everything is under; probes are at the root as well"),
    TEXT("cors-origin", cors_origin, "*|ORIGIN,...", "whose pages may use this server from a browser"),
    WORD("cors-credentials", cors_credentials, truths, NULL, "true|false",
         "whether those pages may send cookies and the like along"),
    NUMBER("cors-max-age", cors_max_age, 0, "seconds that browsers remember what those pages may do"),
    NUMBER("hsts", hsts, 0,
           "seconds that browsers which came by https are to keep to it; 0: they are not told"),
    LIMIT_TABLE(LIMIT)};

void config_init(struct config *config)
{
    *config = (struct config){.tls_client_scopes = "read,convert,write",
                              .cache_control = "no-cache",
                              .compression = 1,
                              .log = LOG_ALL,
                              .cors_max_age = 600,
                              .hsts = 31536000,
                              .limits = limits_default};
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const char **text = (const char **)(void *)((char *)config + settings[i].offset);
        if (settings[i].kind == SETTING_TEXT && *text == NULL)
            *text = "";
        config->origins[i] = "default";
    }
    config->listen = "127.0.0.1:8080";
    arena_init(&config->arena, CONFIG_MEMORY);
}

void config_deinit(struct config *config)
{
    arena_free(&config->arena);
}

const struct setting *setting_find(struct bytes name)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (bytes_is(name, settings[i].name))
            return &settings[i];
    return NULL;
}

static unsigned suffix_shift(char c)
{
    static const char suffixes[] = "kmgt";
    const char *at = c == '\0' ? NULL : strchr(suffixes, tolower((unsigned char)c));
    return at == NULL ? 0 : (unsigned)(at - suffixes + 1) * 10;
}

/* Digits and at most one of k, M, G, T, which stand for powers of 1024. */
static bool parse_number(const char *text, uint64_t *out)
{
    uint64_t n = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(n, (uint64_t)10, &n) ||
            __builtin_add_overflow(n, (uint64_t)(*at - '0'), &n))
            return false;
    const unsigned shift = suffix_shift(*at);
    if (at == text || (n << shift) >> shift != n || at[shift > 0] != '\0')
        return false;
    *out = n << shift;
    return true;
}

/* An enum is stored as its unsigned number: the place of the word. */
static bool set_word(unsigned *field, const struct setting *setting, const char *value, const char *origin,
                     struct error *err)
{
    for (unsigned i = 0; setting->words[i] != NULL; i++)
        if (strcmp(value, setting->words[i]) == 0)
            return *field = i, true;
    return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "%s: \"%.40s\" is none of %s (%s)", setting->name, value,
                setting->hint, origin);
}

static bool set_number(uint64_t *field, const struct setting *setting, const char *value, const char *origin,
                       struct error *err)
{
    uint64_t n;
    if (!parse_number(value, &n))
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET,
                    "%s: \"%.40s\" is not a number, with k, M, G or T behind it or not (%s)", setting->name,
                    value, origin);
    if (n < setting->minimum)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "%s: %s is below the minimum of %llu (%s)",
                    setting->name, value, (unsigned long long)setting->minimum, origin);
    *field = n;
    return true;
}

/* None of them ends up in a path, an address or a header. */
static bool has_controls(const char *text)
{
    for (; *text != '\0'; text++)
        if (iscntrl((unsigned char)*text))
            return true;
    return false;
}

static bool set_value(struct config *config, const struct setting *setting, const char *value,
                      const char *origin, struct error *err)
{
    void *field = (char *)config + setting->offset;
    switch (setting->kind) {
    case SETTING_TEXT: {
        if (has_controls(value))
            return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "%s: there is a control character in it (%s)",
                        setting->name, origin);
        const struct bytes copy = arena_copy(&config->arena, bytes_text(value));
        if (copy.data == NULL)
            return arena_fail(&config->arena, err);
        *(const char **)field = (const char *)copy.data;
        return true;
    }
    case SETTING_WORD:
        return set_word(field, setting, value, origin, err);
    case SETTING_NUMBER:
        return set_number(field, setting, value, origin, err);
    }
    return false;
}

bool config_set(struct config *config, const struct setting *setting, const char *value, const char *origin,
                struct error *err)
{
    if (!set_value(config, setting, value, origin, err))
        return false;
    const char *copy = arena_printf(&config->arena, "%s", origin);
    if (copy == NULL)
        return arena_fail(&config->arena, err);
    config->origins[setting - settings] = copy;
    return true;
}

static bool set_from_json(struct config *config, const cJSON *item, const char *origin, struct error *err)
{
    const struct setting *setting = setting_find(bytes_text(item->string));
    if (setting == NULL)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "there is no setting \"%.60s\" (%s)", item->string,
                    origin);
    if (cJSON_IsString(item))
        return config_set(config, setting, item->valuestring, origin, err);
    if (cJSON_IsBool(item) && setting->words == truths)
        return config_set(config, setting, truths[cJSON_IsTrue(item) != 0], origin, err);
    char number[32];
    if (!cJSON_IsNumber(item) || item->valuedouble < 0 || item->valuedouble > 9007199254740992.0)
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "%s must be a text or a whole number (%s)",
                    setting->name, origin);
    snprintf(number, sizeof number, "%.15g", item->valuedouble);
    return config_set(config, setting, number, origin, err);
}

static void json_drop(cJSON **json)
{
    cJSON_Delete(*json);
}

static bool apply_json(struct config *config, const char *text, const char *origin, struct error *err)
{
    AUTO(json_drop) cJSON *json = cJSON_ParseWithOpts(text, NULL, true);
    if (!cJSON_IsObject(json))
        return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "this is not one JSON object (%s)", origin);
    const cJSON *item;
    cJSON_ArrayForEach(item, json)
    {
        if (!set_from_json(config, item, origin, err))
            return false;
    }
    return true;
}

bool config_read_file(struct config *config, const char *path, struct error *err)
{
    struct bytes text;
    char origin[160];
    snprintf(origin, sizeof origin, "file %.140s", path);
    return small_file_read(path, "the configuration file", &config->arena, &text, err) &&
           apply_json(config, (const char *)text.data, origin, err);
}

/* "limit-body" is MANDOLINE_LIMIT_BODY. */
static void variable_name(const struct setting *setting, char out[NAME_MAX_LEN])
{
    snprintf(out, NAME_MAX_LEN, "MANDOLINE_%s", setting->name);
    for (char *c = out; *c != '\0'; c++)
        *c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
}

bool config_read_environment(struct config *config, struct error *err)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        char name[NAME_MAX_LEN], origin[NAME_MAX_LEN + 16];
        variable_name(&settings[i], name);
        const char *value = getenv(name);
        snprintf(origin, sizeof origin, "environment %s", name);
        if (value != NULL && !config_set(config, &settings[i], value, origin, err))
            return false;
    }
    return true;
}

/* text up to its '=' is one of ours. */
static bool is_known_variable(const char *text, size_t n)
{
    static const char *const others[] = {"MANDOLINE_CONFIG=", "MANDOLINE_PORT", "MANDOLINE_SERVICE_"};
    for (size_t i = 0; i < ROWS(others); i++)
        if (strncmp(text, others[i], strlen(others[i])) == 0)
            return true;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        char name[NAME_MAX_LEN];
        variable_name(&settings[i], name);
        if (bytes_is(bytes_of(text, n), name))
            return true;
    }
    return false;
}

void config_strange_variables(void (*fn)(void *arg, const char *name), void *arg)
{
    for (char **variable = environ; *variable != NULL; variable++) {
        char name[NAME_MAX_LEN];
        const size_t n = strcspn(*variable, "=");
        if (strncmp(*variable, "MANDOLINE_", 10) != 0 || is_known_variable(*variable, n))
            continue;
        snprintf(name, sizeof name, "%.*s", (int)n, *variable);
        fn(arg, name);
    }
}

bool config_knows_callers(const struct config *config)
{
    const char *const means[] = {config->tokens, config->jwt_keys, config->signing_key_file,
                                 config->tls_client_ca};
    for (size_t i = 0; i < ROWS(means); i++)
        if (means[i][0] != '\0')
            return true;
    return false;
}

static bool add_value(const struct config *config, const struct setting *setting, cJSON *row)
{
    const void *field = (const char *)config + setting->offset;
    char number[32];
    switch (setting->kind) {
    case SETTING_TEXT:
        return cJSON_AddStringToObject(row, "value", *(const char *const *)field) != NULL;
    case SETTING_WORD:
        return cJSON_AddStringToObject(row, "value", setting->words[*(const unsigned *)field]) != NULL;
    case SETTING_NUMBER: /* raw: cJSON's own numbers are doubles */
        snprintf(number, sizeof number, "%llu", (unsigned long long)*(const uint64_t *)field);
        return cJSON_AddRawToObject(row, "value", number) != NULL;
    }
    return false;
}

bool config_print(const struct config *config, FILE *out)
{
    AUTO(json_drop) cJSON *all = cJSON_CreateObject();
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        cJSON *row = cJSON_AddObjectToObject(all, settings[i].name);
        if (row == NULL || !add_value(config, &settings[i], row) ||
            cJSON_AddStringToObject(row, "origin", config->origins[i]) == NULL)
            return false;
    }
    char *text = cJSON_Print(all);
    const bool ok = text != NULL && fprintf(out, "%s\n", text) > 0;
    cJSON_free(text);
    return ok && fflush(out) == 0;
}

void config_help(FILE *out)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        char flag[NAME_MAX_LEN];
        snprintf(flag, sizeof flag, settings[i].bare == NULL ? "--%s %s" : "--%s[=%s]", settings[i].name,
                 settings[i].hint);
        fprintf(out, "  %-26s %s\n", flag, settings[i].what);
    }
}
