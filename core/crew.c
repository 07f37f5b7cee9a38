#include "crew.h"

#include <sched.h>
#include <sys/resource.h>

size_t crew_cores(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;
}

static void take_out(struct crew_job *job)
{
    job->previous->next = job->next;
    job->next->previous = job->previous;
}

/* The oldest offer, or the oldest leaf; NULL: there is none. */
static struct crew_job *next_offer(struct crew *c, bool leaf)
{
    struct crew_job *job = c->queue.next;
    while (job != &c->queue && leaf && !job->leaf)
        job = job->next;
    return job == &c->queue ? NULL : job;
}

/* For another, with the lock, which is open while the job runs. */
static void run_offered(struct crew *c, struct crew_job *job)
{
    take_out(job);
    job->state = CREW_TAKEN;
    pthread_mutex_unlock(&c->lock);
    job->run(job);
    pthread_mutex_lock(&c->lock);
    job->state = CREW_DONE;
    c->asleep = 0;
    pthread_cond_broadcast(&c->done);
}

static void *help(void *arg)
{
    struct crew *c = arg;
    setpriority(PRIO_PROCESS, 0, CREW_NICE); /* 0: this thread alone, on Linux */
    pthread_mutex_lock(&c->lock);
    while (!c->stopping) {
        struct crew_job *job = next_offer(c, false);
        if (job != NULL)
            run_offered(c, job);
        else
            pthread_cond_wait(&c->offered, &c->lock);
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

void crew_start(struct crew *c, size_t count)
{
    *c = (struct crew){.lock = PTHREAD_MUTEX_INITIALIZER,
                       .offered = PTHREAD_COND_INITIALIZER,
                       .done = PTHREAD_COND_INITIALIZER};
    c->queue.next = c->queue.previous = &c->queue;
    const size_t most = count < CREW_MOST ? count : CREW_MOST;
    while (c->count < most && pthread_create(&c->threads[c->count], NULL, help, c) == 0)
        c->count++;
}

void crew_stop(struct crew *c)
{
    pthread_mutex_lock(&c->lock);
    c->stopping = true;
    pthread_cond_broadcast(&c->offered);
    pthread_mutex_unlock(&c->lock);
    for (size_t i = 0; i < c->count; i++)
        pthread_join(c->threads[i], NULL);
    pthread_cond_destroy(&c->done);
    pthread_cond_destroy(&c->offered);
    pthread_mutex_destroy(&c->lock);
}

void crew_offer(struct crew *c, struct crew_job *job)
{
    job->state = CREW_OFFERED;
    if (c == NULL || c->count == 0)
        return;
    pthread_mutex_lock(&c->lock);
    job->next = &c->queue;
    job->previous = c->queue.previous;
    job->previous->next = job;
    c->queue.previous = job;
    const bool waiter = job->leaf && c->asleep > 0;
    c->asleep -= waiter;
    pthread_cond_signal(waiter ? &c->done : &c->offered);
    pthread_mutex_unlock(&c->lock);
}

/* True: the job is the caller's to run. */
static bool take_back(struct crew *c, struct crew_job *job)
{
    pthread_mutex_lock(&c->lock);
    const bool mine = job->state == CREW_OFFERED;
    if (mine)
        take_out(job);
    while (job->state == CREW_TAKEN) {
        struct crew_job *other = next_offer(c, true);
        if (other != NULL) {
            run_offered(c, other);
        } else {
            c->asleep++;
            pthread_cond_wait(&c->done, &c->lock);
        }
    }
    pthread_mutex_unlock(&c->lock);
    return mine;
}

void crew_finish(struct crew *c, struct crew_job *job)
{
    if (c == NULL || c->count == 0 ? job->state == CREW_OFFERED : take_back(c, job))
        job->run(job);
    job->state = CREW_IDLE;
    job->next = job->previous = NULL;
}
