/* Scans of anything: a report or a limit, and a verdict that fits what was found. */
#include "scanner.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct limits limits = limits_default;
    limits.memory = 64 << 20;
    limits.inflated = 1 << 20;
    limits.members = 1000;
    struct arena arena;
    struct error err = {0};
    const struct policy *policy;
    struct scan_report report;
    arena_init(&arena, limits.memory);
    if (!policy_load(bytes_of(NULL, 0), &arena, &policy, &err))
        abort();
    const bool ok = scan_document(bytes_of(data, size), policy, &limits, &arena, &report, &err);
    if (ok != (err.kind == ERR_NONE))
        abort();
    for (size_t i = 0; ok && i < report.finding_count; i++)
        if (report.findings[i].severity == SEVERITY_DANGEROUS && report.verdict != VERDICT_DANGEROUS)
            abort();
    arena_free(&arena);
    return 0;
}
