#include "codec.h"
#include "read.h"
#include "write.h"

#include <ctype.h>

enum { SURE = 60 };

static size_t skip_blanks(struct bytes head, size_t at)
{
    while (at < head.len && memchr(" \t\r\n", head.data[at], 4) != NULL)
        at++;
    return at;
}

static bool one_of(struct bytes head, size_t at, const char *bytes)
{
    return at >= head.len || memchr(bytes, head.data[at], strlen(bytes)) != NULL;
}

/* What the head has of the word at its end, or the whole word and nothing that would go on with it. */
static bool is_word(struct bytes head, size_t at, const char *word)
{
    const size_t left = head.len - at, n = strlen(word), shown = left < n ? left : n;
    return memcmp(head.data + at, word, shown) == 0 && (left <= n || one_of(head, at + n, " \t\r\n"));
}

/* Digits, sign, point and exponent, and then blanks or the end. */
static bool is_number(struct bytes head, size_t at)
{
    while (at < head.len && memchr("+-.0123456789eE", head.data[at], 15) != NULL)
        at++;
    return skip_blanks(head, at) == head.len;
}

/* The first token must be one that can begin a document, and the second one that can follow it. */
static int json_sniff(struct bytes head)
{
    const size_t first = skip_blanks(head, 0);
    if (first == head.len)
        return 0;
    const size_t second = skip_blanks(head, first + 1);
    bool valid = false;
    switch (head.data[first]) {
    case '{':
        valid = one_of(head, second, "\"}");
        break;
    case '[':
        valid = one_of(head, second, "[{\"-0123456789tfn]");
        break;
    case '"':
        valid = first + 1 == head.len || head.data[first + 1] >= ' ';
        break;
    case 't':
        valid = is_word(head, first, "true");
        break;
    case 'f':
        valid = is_word(head, first, "false");
        break;
    case 'n':
        valid = is_word(head, first, "null");
        break;
    default:
        valid = (isdigit(head.data[first]) || head.data[first] == '-') && is_number(head, first);
    }
    return valid ? SURE : 0;
}

static bool json_decode(const struct input *in, const struct codec_options *options,
                        const struct limits *limits, struct arena *arena, struct value **out,
                        struct error *err)
{
    (void)options;
    struct bytes text;
    return input_bytes(in, arena, &text, err) && json_read(text, in->arrival, limits, arena, out, err);
}

const struct codec json_codec = {
    .name = "json",
    .title = "JSON",
    .media_types = (const char *const[]){"application/json", NULL},
    .extensions = (const char *const[]){"json", NULL},
    .sniff = json_sniff,
    .decode = json_decode,
    .ahead = json_ahead,
    .begin = json_begin,
    .step = json_step,
};
