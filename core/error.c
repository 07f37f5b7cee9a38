#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 4, 0))) static void set(struct error *err, enum error_kind kind, size_t offset,
                                                      const char *format, va_list args)
{
    err->kind = kind;
    err->offset = offset;
    vsnprintf(err->detail, sizeof err->detail, format, args);
}

void error_set(struct error *err, enum error_kind kind, size_t offset, const char *format, ...)
{
    if (err->kind != ERR_NONE)
        return;
    va_list args;
    va_start(args, format);
    set(err, kind, offset, format, args);
    va_end(args);
}

void error_set_limit(struct error *err, const char *limit, uint64_t value, const char *format, ...)
{
    if (err->kind != ERR_NONE)
        return;
    va_list args;
    va_start(args, format);
    set(err, ERR_LIMIT, ERROR_NO_OFFSET, format, args);
    va_end(args);
    err->limit = limit;
    err->limit_value = value;
}

void error_set_pointer(struct error *err, const char *pointer)
{
    if (err->pointer[0] == '\0')
        snprintf(err->pointer, sizeof err->pointer, "%s", pointer);
}
