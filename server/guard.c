#include "guard.h"

#include "access.h"

static bool listens_wide(const struct config *config)
{
    struct address address;
    struct error later = {0}; /* who binds it complains */
    return address_parse(config->listen, &address, &later) && !address_is_local(&address);
}

static bool refuse(const char *why, struct error *err)
{
    return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET, "%s", why);
}

bool guard_check_address(const struct config *c, const struct address *address, struct error *err)
{
    char text[ADDRESS_TEXT_MAX];
    if (config_knows_callers(c) || c->allow_anonymous != ANONYMOUS_AUTO || address_is_local(address))
        return true;
    address_text(address, text);
    return FAIL(err, ERR_ARGUMENT, ERROR_NO_OFFSET,
                "listening on %s, where others can come from, needs tokens, jwt-keys, tls-client-ca or "
                "signing-key-file; or allow-anonymous, if everybody may do everything",
                text);
}

bool guard_check(const struct config *c, struct error *err)
{
    unsigned scopes = 0;
    if (!scopes_read(bytes_text(c->tls_client_scopes), &scopes))
        return refuse("tls-client-scopes: the scopes are read, convert, write and admin", err);
    if (c->jwt_keys[0] == '\0' && (c->jwt_issuer[0] != '\0' || c->jwt_audience[0] != '\0'))
        return refuse("jwt-issuer and jwt-audience mean nothing without jwt-keys", err);
    if ((c->tls_cert[0] == '\0') != (c->tls_key[0] == '\0'))
        return refuse("tls-cert and tls-key go together", err);
    if (c->tls_client_ca[0] != '\0' && c->tls_cert[0] == '\0')
        return refuse("tls-client-ca means nothing without tls-cert and tls-key", err);
    if (c->tls_client_crl[0] != '\0' && c->tls_client_ca[0] == '\0')
        return refuse("tls-client-crl means nothing without tls-client-ca", err);
    if (config_knows_callers(c))
        return true;
    if (c->allow_anonymous == ANONYMOUS_NONE)
        return refuse("nobody could do anything: allow-anonymous is none, and there are no tokens, jwt-keys, "
                      "tls-client-ca or signing-key-file",
                      err);
    struct address address;
    struct error later = {0}; /* who binds it complains */
    return !address_parse(c->listen, &address, &later) || guard_check_address(c, &address, err);
}

static void warn_of_variable(void *arg, const char *name)
{
    log_event(arg, LOG_WARNING, "%s in the environment is no setting", name);
}

void guard_warn(const struct config *c, const struct log *log)
{
    config_strange_variables(warn_of_variable, (struct log *)(uintptr_t)log);
    if (c->allow_anonymous > ANONYMOUS_NONE && listens_wide(c))
        log_event(log, LOG_WARNING, "everybody who can reach %s may %s: allow-anonymous is set", c->listen,
                  c->allow_anonymous == ANONYMOUS_READ ? "read all files" : "do everything");
    if (c->jwt_keys[0] != '\0' && c->jwt_issuer[0] == '\0' && c->jwt_audience[0] == '\0')
        log_event(
            log, LOG_WARNING,
            "every token that one of the jwt-keys has signed and that names no audience is accepted: set "
            "jwt-audience or jwt-issuer");
}
