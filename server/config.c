#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

enum { CONFIG_FILE_MAX = 1 << 20, CONFIG_MEMORY = 4 << 20, NAME_MAX_LEN = 64 };

const struct setting settings[SETTING_COUNT] = {
    {"listen", "ADDR:PORT", "where to listen; port 0 takes a free one", SETTING_TEXT,
     offsetof(struct config, listen), 0},
    {"data", "DIR", "the folder whose files are served", SETTING_TEXT, offsetof(struct config, data), 0},
    {"scan-policy", "FILE", "rows of a policy for scans, over what is built in", SETTING_TEXT,
     offsetof(struct config, scan_policy), 0},
    {"log", "off|errors|all", "which exchanges are logged", SETTING_LOG, offsetof(struct config, log), 0},
    {"hdf5-path", "auto|direct|library", "how chunks are read: by us, or by the HDF5 library", SETTING_PATH,
     offsetof(struct config, hdf5_path), 0},
    {"workers", "N", "processes that read HDF5; 0: one a core", SETTING_NUMBER,
     offsetof(struct config, workers), 0},
    {"sandbox", "auto|require|off",
     "what the serving process gives up: all it can, all or it does not start, nothing", SETTING_CONFINE,
     offsetof(struct config, sandbox), 0},
#define LIMIT_SETTING(field, name, value, minimum, what)                                                     \
    {"limit-" name, "N", what, SETTING_NUMBER, offsetof(struct config, limits.field), minimum},
    LIMIT_TABLE(LIMIT_SETTING)
#undef LIMIT_SETTING
};

static const char *const log_levels[] = {[LOG_OFF] = "off", [LOG_ERRORS] = "errors", [LOG_ALL] = "all"};
static const char *const hdf5_paths[] = {
    [HDF5_AUTO] = "auto", [HDF5_DIRECT] = "direct", [HDF5_LIBRARY] = "library"};
static const char *const confine_modes[] = {
    [CONFINE_AUTO] = "auto", [CONFINE_REQUIRE] = "require", [CONFINE_OFF] = "off"};

void config_init(struct config *config)
{
    *config = (struct config){
        .listen = "127.0.0.1:8080", .data = "", .scan_policy = "", .log = LOG_ALL, .limits = limits_default};
    arena_init(&config->arena, CONFIG_MEMORY);
    for (size_t i = 0; i < SETTING_COUNT; i++)
        config->origins[i] = "default";
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

/* The place of a word in a list. */
static bool parse_word(const char *text, const char *const *words, size_t count, unsigned *out)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(text, words[i]) == 0)
            return *out = i, true;
    return false;
}

static bool refuse_word(const struct setting *setting, const char *value, const char *origin,
                        struct error *err)
{
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

static bool set_value(struct config *config, const struct setting *setting, const char *value,
                      const char *origin, struct error *err)
{
    void *field = (char *)config + setting->offset;
    unsigned word;
    switch (setting->kind) {
    case SETTING_TEXT: {
        const struct bytes copy = arena_copy(&config->arena, bytes_text(value));
        if (copy.data == NULL)
            return arena_fail(&config->arena, err);
        *(const char **)field = (const char *)copy.data;
        return true;
    }
    case SETTING_LOG:
        if (!parse_word(value, log_levels, ROWS(log_levels), &word))
            return refuse_word(setting, value, origin, err);
        *(enum log_level *)field = word;
        return true;
    case SETTING_PATH:
        if (!parse_word(value, hdf5_paths, ROWS(hdf5_paths), &word))
            return refuse_word(setting, value, origin, err);
        *(enum hdf5_path *)field = word;
        return true;
    case SETTING_CONFINE:
        if (!parse_word(value, confine_modes, ROWS(confine_modes), &word))
            return refuse_word(setting, value, origin, err);
        *(enum confine_mode *)field = word;
        return true;
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

static void file_drop(FILE **file)
{
    if (*file != NULL)
        fclose(*file);
}

bool config_read_file(struct config *config, const char *path, struct error *err)
{
    AUTO(file_drop) FILE *file = fopen(path, "re");
    if (file == NULL)
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET, "the configuration file %.120s cannot be opened: %s", path,
                    strerror(errno));
    char *text = arena_alloc(&config->arena, 1, CONFIG_FILE_MAX + 1);
    if (text == NULL)
        return arena_fail(&config->arena, err);
    const size_t n = fread(text, 1, CONFIG_FILE_MAX + 1, file);
    if (ferror(file) || n > CONFIG_FILE_MAX)
        return FAIL(err, ERR_IO, ERROR_NO_OFFSET,
                    "the configuration file %.120s cannot be read or is too big", path);
    text[n] = '\0';
    char origin[160];
    snprintf(origin, sizeof origin, "file %.140s", path);
    return apply_json(config, text, origin, err);
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

static bool add_value(const struct config *config, const struct setting *setting, cJSON *row)
{
    const void *field = (const char *)config + setting->offset;
    char number[32];
    switch (setting->kind) {
    case SETTING_TEXT:
        return cJSON_AddStringToObject(row, "value", *(const char *const *)field) != NULL;
    case SETTING_LOG:
        return cJSON_AddStringToObject(row, "value", log_levels[*(const enum log_level *)field]) != NULL;
    case SETTING_PATH:
        return cJSON_AddStringToObject(row, "value", hdf5_paths[*(const enum hdf5_path *)field]) != NULL;
    case SETTING_CONFINE:
        return cJSON_AddStringToObject(row, "value", confine_modes[*(const enum confine_mode *)field]) !=
               NULL;
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
        snprintf(flag, sizeof flag, "--%s %s", settings[i].name, settings[i].hint);
        fprintf(out, "  %-26s %s\n", flag, settings[i].what);
    }
}
