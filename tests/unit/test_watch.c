#include "support.h"

#include "account.h"
#include "watch.h"

#include <pthread.h>
#include <unistd.h>

/* ---- a watch ---- */

static bool gone(const void *arg)
{
    return *(const bool *)arg;
}

static void work_without_a_watch_never_ends(void **state)
{
    (void)state;
    struct error err = {0};
    assert_false(watch_over(NULL));
    assert_true(watch_check(NULL, &err));
    watch_doing(NULL, "reading", NULL);
}

static void a_watch_ends_when_its_time_is_over(void **state)
{
    (void)state;
    struct watch w;
    struct error err = {0};
    watch_start(&w, 0, NULL, NULL);
    w.operation = "convert";
    watch_doing(&w, "reading", "pickle");
    assert_false(watch_check(&w, &err));
    assert_int_equal(err.kind, ERR_TIME);
    assert_string_equal(err.limit, "request-time");
    assert_string_equal(err.detail, "the request took more than 0 s; it was reading pickle for convert");
    watch_again(&w);
    assert_true(watch_over(&w)); /* once it is over, it stays so */
}

static void a_time_that_no_clock_reaches_is_never_over(void **state)
{
    (void)state;
    static const uint64_t seconds[] = {3600, UINT64_MAX, UINT64_MAX / 1000000, UINT64_MAX / 1000000 + 1};
    for (size_t i = 0; i < ROWS(seconds); i++) {
        struct watch w;
        struct error err = {0};
        watch_start(&w, seconds[i], NULL, NULL);
        assert_true(watch_check(&w, &err));
        watch_again(&w);
        assert_true(watch_check(&w, &err));
    }
}

static void a_watch_sees_that_its_client_left(void **state)
{
    (void)state;
    struct watch w;
    bool left = false;
    watch_start(&w, 3600, gone, &left);
    usleep(15000);
    assert_false(watch_over(&w));
    left = true;
    usleep(15000); /* it looks every 10 ms */
    struct error err = {0};
    assert_false(watch_check(&w, &err));
    assert_int_equal(err.kind, ERR_GONE);
    left = false;
    assert_true(watch_over(&w));
}

static void the_first_error_stays(void **state)
{
    (void)state;
    struct watch w;
    struct error err = {0};
    error_set(&err, ERR_SYNTAX, 3, "before");
    watch_start(&w, 0, NULL, NULL);
    assert_false(watch_check(&w, &err));
    assert_int_equal(err.kind, ERR_SYNTAX);
    assert_null(err.limit);
}

/* ---- an account ---- */

static void an_account_gives_what_it_has(void **state)
{
    (void)state;
    struct account a = {.most = 100};
    assert_true(account_take(&a, 60));
    assert_false(account_take(&a, 41));
    assert_int_equal(atomic_load(&a.used), 60);
    assert_true(account_take(&a, 40));
    assert_true(account_take(&a, 0));
    assert_false(account_take(&a, SIZE_MAX));
    account_give(&a, 100);
    assert_true(account_take(&a, 100));
}

static void what_is_owed_is_paid_before_more_is_taken(void **state)
{
    (void)state;
    struct account a = {.most = 100};
    account_owe(&a, 150);
    assert_false(account_take(&a, 0));
    assert_false(account_take(&a, SIZE_MAX));
    account_give(&a, 60);
    assert_true(account_take(&a, 10));
    assert_false(account_take(&a, 1));
}

static void no_account_has_no_end(void **state)
{
    (void)state;
    struct error err = {0};
    assert_true(account_take(NULL, SIZE_MAX));
    account_owe(NULL, SIZE_MAX);
    account_give(NULL, SIZE_MAX);
    assert_false(account_fail(NULL, &err));
    assert_int_equal(err.kind, ERR_MEMORY);
    assert_null(err.limit);
}

static void an_account_says_its_limit(void **state)
{
    (void)state;
    struct account a = {.most = 7};
    struct error err = {0};
    assert_false(account_fail(&a, &err));
    assert_string_equal(err.limit, "total-memory");
    assert_int_equal(err.limit_value, 7);
    struct error before = {0};
    error_set(&before, ERR_IO, ERROR_NO_OFFSET, "before");
    assert_false(account_fail(&a, &before));
    assert_int_equal(before.kind, ERR_IO);
    assert_null(before.limit);
}

enum { THREADS = 4, ROUNDS = 20000, PIECE = 7, MOST = 20 };

/* Takes and gives, and counts how often more was out than there is. */
static void *spend(void *arg)
{
    struct account *a = arg;
    size_t over = 0;
    for (int i = 0; i < ROUNDS; i++)
        if (account_take(a, PIECE)) {
            over += atomic_load(&a->used) > MOST;
            account_give(a, PIECE);
        }
    return (void *)over; /* NOLINT(performance-no-int-to-ptr): a number */
}

static void threads_never_have_more_than_all(void **state)
{
    (void)state;
    struct account a = {.most = MOST};
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, spend, &a), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *over;
        assert_int_equal(pthread_join(threads[i], &over), 0);
        assert_null(over);
    }
    assert_int_equal(atomic_load(&a.used), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_without_a_watch_never_ends),
        cmocka_unit_test(a_watch_ends_when_its_time_is_over),
        cmocka_unit_test(a_time_that_no_clock_reaches_is_never_over),
        cmocka_unit_test(a_watch_sees_that_its_client_left),
        cmocka_unit_test(the_first_error_stays),
        cmocka_unit_test(an_account_gives_what_it_has),
        cmocka_unit_test(what_is_owed_is_paid_before_more_is_taken),
        cmocka_unit_test(no_account_has_no_end),
        cmocka_unit_test(an_account_says_its_limit),
        cmocka_unit_test(threads_never_have_more_than_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
