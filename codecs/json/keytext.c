#include "keytext.h"

#include "keys.h"
#include "number.h"
#include "put.h"

/* A scalar that is a JSON string gives its text, anything else the JSON text itself. */
static bool nested_text(const struct json_writer *w, struct value *key, struct arena *arena,
                        struct json_text *out, struct error *err)
{
    const struct codec_options options = {.nan = NAN_LITERAL};
    AUTO(sink_deinit) struct sink sink = {0};
    if (!sink_init(&sink, 256))
        return sink_fail(err);
    if (!json_put_nested(w, key, &options, &sink, err))
        return false;
    *out = (struct json_text){.text = arena_copy(arena, bytes_of(sink.data, sink.len))};
    if (out->text.data == NULL)
        return arena_fail(arena, err);
    size_t at = 1;
    return out->text.data[0] != '"' || json_text_read(out->text, &at, arena, out, err);
}

/* The member's name. A view of the key, or in the arena. */
static bool keytext_of(const struct json_writer *w, struct value *key, struct arena *arena,
                       struct json_text *out, struct error *err)
{
    if (key->kind == VALUE_STR) {
        *out = (struct json_text){.text = key->text, .surrogates = (key->flags & VALUE_SURROGATES) != 0};
        return true;
    }
    if (key->kind != VALUE_INT)
        return nested_text(w, key, arena, out, err);
    char *digits = arena_alloc(arena, 1, NUMBER_MAX);
    if (digits == NULL)
        return arena_fail(arena, err);
    *out = (struct json_text){.text = bytes_of(digits, number_write_int(key->integer, digits))};
    return true;
}

bool keytext_put(const struct json_writer *w, struct value *key, struct sink *out, struct error *err)
{
    if (key->kind == VALUE_STR)
        return put_string(out, key->text, (key->flags & VALUE_SURROGATES) != 0, err);
    if (key->kind == VALUE_INT)
        return put_byte(out, '"', err) && put_int(out, key->integer, err) && put_byte(out, '"', err);
    AUTO(arena_free) struct arena scratch;
    arena_init(&scratch, w->limits->memory);
    struct json_text name;
    return keytext_of(w, key, &scratch, &name, err) && put_string(out, name.text, name.surrogates, err);
}

/* Texts alone, or integers alone, differ from each other. */
static bool are_alike(const struct value_pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++) {
        const uint8_t kind = pairs->items[i].key->kind;
        if ((kind != VALUE_STR && kind != VALUE_INT) || kind != pairs->items[0].key->kind)
            return false;
    }
    return true;
}

bool keytext_check(const struct json_writer *w, const struct value_pairs *pairs, struct error *err)
{
    return are_alike(pairs) || keytext_differ(w, pairs, err);
}

bool keytext_differ(const struct json_writer *w, const struct value_pairs *pairs, struct error *err)
{
    AUTO(arena_free) struct arena scratch;
    arena_init(&scratch, w->limits->memory);
    struct keys seen;
    keys_init(&seen);
    for (size_t i = 0; i < pairs->count; i++) {
        struct json_text name;
        if (!keytext_of(w, pairs->items[i].key, &scratch, &name, err))
            return false;
        struct key **slot = keys_find(&seen, name.text, &scratch);
        if (slot == NULL)
            return arena_fail(&scratch, err);
        if (*slot != NULL)
            return FAIL(err, ERR_UNREPRESENTABLE, ERROR_NO_OFFSET,
                        "two keys or columns have the same text '%.*s' as JSON; typed JSON can hold them",
                        (int)(name.text.len < 60 ? name.text.len : 60), (const char *)name.text.data);
        *slot = arena_alloc(&scratch, 1, sizeof **slot);
        if (*slot == NULL)
            return arena_fail(&scratch, err);
        (*slot)->value.text = name.text;
    }
    return true;
}
