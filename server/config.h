/*
 * The settings of the program: defaults, then a file, then the environment, then flags, each over the one
 * before. One table drives the keys of the file, the names in the environment, the flags, the output of
 * `mandoline config` and the help text.
 */
#ifndef MANDOLINE_CONFIG_H
#define MANDOLINE_CONFIG_H

#include <stdio.h>

#include "arena.h"
#include "codec.h"

enum log_level {
    LOG_OFF,
    LOG_ERRORS,
    LOG_ALL,
    LOG_DEBUG
}; /* each with what is before it; DEBUG: probes too */
enum log_format { LOG_JSON, LOG_TEXT };

/* Who may do what without saying who they are. AUTO: all who are on the same machine, where nothing else is
 * set up. */
enum anonymous { ANONYMOUS_AUTO, ANONYMOUS_NONE, ANONYMOUS_READ, ANONYMOUS_ALL };

/* What happens when rights cannot be given up: go on and say so, refuse to start; or keep them all. */
enum confine_mode { CONFINE_AUTO, CONFINE_REQUIRE, CONFINE_OFF };

enum setting_kind { SETTING_TEXT, SETTING_WORD, SETTING_NUMBER };

struct setting {
    const char *name; /* "limit-body": the flag is --limit-body, the variable MANDOLINE_LIMIT_BODY */
    const char *hint; /* what the help text calls the value; FILE and DIR: see confinement.h */
    const char *what;
    enum setting_kind kind;
    size_t offset;            /* of the member of struct config */
    uint64_t minimum;         /* SETTING_NUMBER */
    const char *const *words; /* SETTING_WORD: by the value of the enum, NULL at the end */
    const char *bare;         /* what the flag means without a value; NULL: it needs one */
};

/* LIMIT_TABLE once more, for its length. */
#define CONFIG_COUNT_LIMIT(field, name, value, minimum, what) +1
enum { SETTING_COUNT = 29 LIMIT_TABLE(CONFIG_COUNT_LIMIT) };

extern const struct setting settings[SETTING_COUNT];

struct config {
    const char *listen;       /* ADDR:PORT */
    const char *admin_listen; /* ADDR:PORT, "": none */
    const char *data;         /* "": none */
    const char *scan_policy;  /* "": what is built in */
    const char *tokens;       /* files; "": none */
    const char *jwt_keys;
    const char *jwt_issuer, *jwt_audience; /* "": any, none */
    const char *signing_key_file;
    const char *tls_cert, *tls_key, *tls_client_ca, *tls_client_crl;
    const char *tls_client_scopes;
    enum anonymous allow_anonymous;
    enum log_level log;
    enum log_format log_format;
    uint64_t drain_delay; /* seconds */
    enum hdf5_path hdf5_path;
    enum confine_mode sandbox;
    const char *cache_control;
    uint64_t compression; /* 0: none, to 9 */
    uint64_t workers;     /* processes that read HDF5; 0: one a core */
    struct limits limits;
    const char *origins[SETTING_COUNT]; /* who set it, for people: "default", "flag --listen" ... */
    const char *trust_proxy;            /* networks; "": nobody is believed */
    const char *base_path;              /* "": the root */
    const char *cors_origin;            /* "": none, "*", or a list */
    unsigned cors_credentials;          /* 0 or 1 */
    uint64_t cors_max_age, hsts;        /* seconds */
    struct arena arena;                 /* of the texts */
};

/* The defaults. */
void config_init(struct config *config);
void config_deinit(struct config *config);

/* The setting of that name, or NULL. */
const struct setting *setting_find(struct bytes name);

/* The error names the setting, the value and the origin. origin is copied. */
bool config_set(struct config *config, const struct setting *setting, const char *value, const char *origin,
                struct error *err);

/* The file is one JSON object; keys that are no setting are errors. */
bool config_read_file(struct config *config, const char *path, struct error *err);

/* MANDOLINE_... variables; those that are no setting are left alone. */
bool config_read_environment(struct config *config, struct error *err);

/* Calls fn(arg, name) for each of those that are left alone, but for what Kubernetes says of a service of
 * that name. */
void config_strange_variables(void (*fn)(void *arg, const char *name), void *arg);

/* One JSON object: {"listen": {"value": ..., "origin": ...}, ...}. */
bool config_print(const struct config *config, FILE *out);

/* Whether there is any way for callers to say who they are. */
bool config_knows_callers(const struct config *config);

/* The flags of all settings with what they mean, one a line. */
void config_help(FILE *out);

#endif
