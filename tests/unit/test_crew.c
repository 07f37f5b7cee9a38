#include "support.h"

#include <stdatomic.h>

#include "crew.h"

enum { JOBS = 200 };

struct count {
    struct crew_job job;
    atomic_int runs;
    int value;
};

static void count_up(struct crew_job *job)
{
    struct count *c = (struct count *)(void *)job;
    atomic_fetch_add(&c->runs, 1);
    c->value = 7;
}

/* Every job runs once, whoever does it, and what it wrote is seen by the one who finishes it. */
static void check_jobs(struct crew *crew)
{
    static struct count counts[JOBS];
    memset(counts, 0, sizeof counts);
    for (size_t i = 0; i < JOBS; i++) {
        counts[i].job.run = count_up;
        crew_offer(crew, &counts[i].job);
    }
    for (size_t i = JOBS; i-- > 0;) {
        crew_finish(crew, &counts[i].job);
        assert_int_equal(atomic_load(&counts[i].runs), 1);
        assert_int_equal(counts[i].value, 7);
        assert_int_equal(counts[i].job.state, CREW_IDLE);
        crew_finish(crew, &counts[i].job); /* not offered again: left alone */
        assert_int_equal(atomic_load(&counts[i].runs), 1);
    }
}

static void every_job_runs_once(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 7};
    for (size_t i = 0; i < ROWS(sizes); i++) {
        struct crew crew;
        crew_start(&crew, sizes[i]);
        assert_int_equal(crew_hands(&crew), sizes[i] + 1);
        for (int round = 0; round < 20; round++)
            check_jobs(&crew);
        crew_stop(&crew);
    }
}

static void nobody_is_a_crew_too(void **state)
{
    (void)state;
    assert_int_equal(crew_hands(NULL), 1);
    check_jobs(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_runs_once),
        cmocka_unit_test(nobody_is_a_crew_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
