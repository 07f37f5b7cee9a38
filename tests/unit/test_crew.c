#include "support.h"

#include <stdatomic.h>
#include <time.h>

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

enum { PATIENCE_S = 20 };

struct busy {
    struct crew_job job;
    struct crew *crew;
    struct count leaf;
    atomic_bool begun;
};

static bool comes_to_run(struct count *c)
{
    const time_t end = time(NULL) + PATIENCE_S;
    while (atomic_load(&c->runs) == 0 && time(NULL) < end)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return atomic_load(&c->runs) == 1;
}

/* Keeps its thread until another has done what it offers. */
static void wait_for_leaf(struct crew_job *job)
{
    struct busy *b = (struct busy *)(void *)job;
    atomic_store(&b->begun, true);
    crew_offer(b->crew, &b->leaf.job);
    assert_true(comes_to_run(&b->leaf));
    crew_finish(b->crew, &b->leaf.job);
}

static void who_waits_helps_with_leaves(void **state)
{
    (void)state;
    struct crew crew;
    static struct busy b;
    b = (struct busy){.job.run = wait_for_leaf, .crew = &crew, .leaf.job = {.run = count_up, .leaf = true}};
    crew_start(&crew, 1);
    crew_offer(&crew, &b.job);
    while (!atomic_load(&b.begun)) /* the only thread has it now */
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    crew_finish(&crew, &b.job);
    assert_int_equal(b.leaf.value, 7);
    crew_stop(&crew);
}

enum { MET = 3 };

/* Leaves that end when as many threads as there are leaves have one. */
struct meeting {
    struct crew_job job;
    struct crew *crew;
    struct guest {
        struct crew_job job;
        struct meeting *meeting;
    } guests[MET];
    atomic_int come;
    bool met;
};

static bool all_come(struct meeting *m)
{
    const time_t end = time(NULL) + PATIENCE_S;
    while (atomic_load(&m->come) < MET && time(NULL) < end)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return atomic_load(&m->come) == MET;
}

static void come(struct crew_job *job)
{
    struct meeting *m = ((struct guest *)(void *)job)->meeting;
    atomic_fetch_add(&m->come, 1);
    all_come(m);
}

static size_t asleep(struct crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    const size_t n = crew->asleep;
    pthread_mutex_unlock(&crew->lock);
    return n;
}

static void invite(struct crew_job *job)
{
    struct meeting *m = (struct meeting *)(void *)job;
    while (asleep(m->crew) == 0) /* until the one who offered this has nothing to do */
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    for (size_t i = 0; i < MET; i++)
        crew_offer(m->crew, &m->guests[i].job);
    m->met = all_come(m);
    for (size_t i = 0; i < MET; i++)
        crew_finish(m->crew, &m->guests[i].job);
}

static void all_who_are_free_take_leaves(void **state)
{
    (void)state;
    struct crew crew;
    static struct meeting m;
    m = (struct meeting){.job.run = invite, .crew = &crew};
    for (size_t i = 0; i < MET; i++)
        m.guests[i] = (struct guest){.job = {.run = come, .leaf = true}, .meeting = &m};
    crew_start(&crew, MET);
    crew_offer(&crew, &m.job);
    for (bool taken = false; !taken;) {
        pthread_mutex_lock(&crew.lock);
        taken = m.job.state == CREW_TAKEN;
        pthread_mutex_unlock(&crew.lock);
    }
    crew_finish(&crew, &m.job);
    assert_true(m.met);
    crew_stop(&crew);
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
        cmocka_unit_test(who_waits_helps_with_leaves),
        cmocka_unit_test(all_who_are_free_take_leaves),
        cmocka_unit_test(nobody_is_a_crew_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
