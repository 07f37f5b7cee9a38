/* What a scan found, for people. */
#include "scan_text.h"

#include <stdio.h>

#include "utf8.h"

enum { UTF8_MAX = 4 };

/* Names are the file's own bytes: no control character, and nothing but UTF-8, may reach a terminal. */
static void print_clean(struct bytes text)
{
    while (text.len > 0) {
        const bool valid = utf8_valid(bytes_of(text.data, text.len < UTF8_MAX ? text.len : UTF8_MAX)) > 0;
        size_t at = 0;
        const uint32_t code = valid ? utf8_next(text, &at) : 0;
        const size_t n = valid ? at : 1;
        const bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
        fwrite(control ? "?" : (const void *)text.data, 1, control ? 1 : n, stdout);
        text = bytes_of(text.data + n, text.len - n);
    }
}

void scan_print(const char *path, const struct scan_report *r)
{
    print_clean(bytes_text(path));
    printf(": %s\n", verdict_names[r->verdict]);
    for (size_t i = 0; i < r->finding_count; i++) {
        const struct finding *f = &r->findings[i];
        printf("  %s %s", severity_names[f->severity], f->rule);
        if (f->call != NULL) {
            printf(" %s", f->call);
        } else if (f->module.len + f->name.len > 0) {
            putchar(' ');
            print_clean(f->module);
            fputs(f->module.len > 0 && f->name.len > 0 ? "." : "", stdout);
            print_clean(f->name);
        }
        fputs(" at ", stdout);
        print_clean(f->member);
        printf("%sbyte %zu. %s\n", f->member.len > 0 ? ", " : "", f->offset, f->does);
    }
    for (size_t i = 0; i < r->part_count; i++)
        if (r->parts[i].broken_at != SIZE_MAX) {
            fputs("  unreadable ", stdout);
            print_clean(r->parts[i].member);
            printf("%sfrom byte %zu: ", r->parts[i].member.len > 0 ? " " : "", r->parts[i].broken_at);
            print_clean(bytes_text(r->parts[i].problem));
            putchar('\n');
        }
    if (r->limit != NULL)
        printf("  the limit %s was reached\n", r->limit);
}
