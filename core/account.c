#include "account.h"

bool account_take(struct account *a, size_t n)
{
    if (a == NULL)
        return true;
    size_t used = atomic_load_explicit(&a->used, memory_order_relaxed);
    do {
        if (used > a->most || n > a->most - used)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&a->used, &used, used + n, memory_order_relaxed,
                                                    memory_order_relaxed));
    return true;
}

void account_owe(struct account *a, size_t n)
{
    if (a != NULL)
        atomic_fetch_add_explicit(&a->used, n, memory_order_relaxed);
}

void account_give(struct account *a, size_t n)
{
    if (a != NULL)
        atomic_fetch_sub_explicit(&a->used, n, memory_order_relaxed);
}

void account_explain(const struct account *a, struct error *err)
{
    if (err->kind != ERR_NONE)
        return;
    if (a != NULL) {
        err->limit = "total-memory";
        err->limit_value = a->most;
    }
    error_set(err, ERR_MEMORY, ERROR_NO_OFFSET,
              "all requests together would take more memory than the server may");
}
