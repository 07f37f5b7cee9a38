#include "signals.h"

#include <pthread.h>
#include <time.h>

#include "systemd.h"

uint64_t signals_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void signals_take(struct signals *s)
{
    *s = (struct signals){.watchdog_ms = notify_watchdog_ms()};
    const struct sigaction ended = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDSTOP};
    sigaction(SIGCHLD, &ended, NULL);
    sigemptyset(&s->set);
    sigaddset(&s->set, SIGCHLD);
    sigaddset(&s->set, SIGTERM);
    sigaddset(&s->set, SIGINT);
    sigaddset(&s->set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &s->set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a body that is over a limit of the system is one that there is no room for */
}

int signals_next(struct signals *s, uint64_t most_ms)
{
    const uint64_t ms = s->watchdog_ms > 0 && s->watchdog_ms < most_ms ? s->watchdog_ms : most_ms;
    const struct timespec wait = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    const int signal_number = sigtimedwait(&s->set, NULL, &wait);
    if (s->watchdog_ms > 0 && signals_now_ms() - s->told_ms >= s->watchdog_ms) {
        notify(NOTICE_WATCHDOG);
        s->told_ms = signals_now_ms();
    }
    return signal_number > 0 ? signal_number : 0;
}

bool signal_ends(int signal_number)
{
    return signal_number == SIGTERM || signal_number == SIGINT || signal_number == SIGCHLD;
}
