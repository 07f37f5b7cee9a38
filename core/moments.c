#include "moments.h"

#include <math.h>

enum { LANES = 8 }; /* sums that grow side by side, so that the compiler can use wide registers */

struct sums sum_up(const double *x, size_t n)
{
    double total[LANES] = {0}, min[LANES], max[LANES];
    size_t i = 0;
    for (size_t k = 0; k < LANES; k++)
        min[k] = max[k] = x[0];
    for (; i + LANES <= n; i += LANES)
        for (size_t k = 0; k < LANES; k++) {
            const double v = x[i + k];
            total[k] += v;
            min[k] = v < min[k] ? v : min[k];
            max[k] = v > max[k] ? v : max[k];
        }
    for (; i < n; i++) {
        total[0] += x[i];
        min[0] = x[i] < min[0] ? x[i] : min[0];
        max[0] = x[i] > max[0] ? x[i] : max[0];
    }
    for (size_t k = 1; k < LANES; k++) {
        total[0] += total[k];
        min[0] = min[k] < min[0] ? min[k] : min[0];
        max[0] = max[k] > max[0] ? max[k] : max[0];
    }
    return (struct sums){total[0], min[0], max[0]};
}

/* What the guess at the mean is beside it is taken out again. */
static struct moments moments_around(const double *x, size_t n, double guess, double origin)
{
    double first[LANES] = {0}, second[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t k = 0; k < LANES; k++) {
            const double d = x[i + k] - guess;
            first[k] += d;
            second[k] += d * d;
        }
    for (; i < n; i++) {
        first[0] += x[i] - guess;
        second[0] += (x[i] - guess) * (x[i] - guess);
    }
    for (size_t k = 1; k < LANES; k++) {
        first[0] += first[k];
        second[0] += second[k];
    }
    const long double shift = (long double)first[0] / (long double)n;
    return (struct moments){.count = n,
                            .mean = (long double)guess - (long double)origin + shift,
                            .squares = (long double)second[0] - shift * (long double)first[0]};
}

/* For sums and squares that a double does not hold. */
static struct moments moments_widely(const double *x, size_t n, double origin)
{
    long double total = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        total += (long double)x[i] - (long double)origin;
    const long double mean = total / (long double)n;
    for (size_t i = 0; i < n; i++) {
        const long double d = (long double)x[i] - (long double)origin - mean;
        squares += d * d;
    }
    return (struct moments){.count = n, .mean = mean, .squares = squares};
}

struct moments moments_of(const double *x, size_t n, const struct sums *sums, double origin)
{
    static const long double tiny = 0x1p-900L; /* below, squares that count may have been cut off */
    if (sums->min == sums->max)
        return (struct moments){.count = n, .mean = (long double)sums->min - (long double)origin};
    const struct moments m = moments_around(x, n, sums->total / (double)n, origin);
    return m.squares > tiny && isfinite(m.squares) ? m : moments_widely(x, n, origin);
}

void moments_merge(struct moments *m, struct moments part)
{
    const long double distance = part.mean - m->mean;
    const long double share = (long double)part.count / (long double)(m->count + part.count);
    m->squares += part.squares + distance * distance * (long double)m->count * share;
    m->mean += distance * share;
    m->count += part.count;
}

void moments_add(struct moments *m, const double *x, size_t n, const struct sums *sums)
{
    if (m->count == 0)
        m->origin = sums->min;
    moments_merge(m, moments_of(x, n, sums, m->origin));
}

double moments_mean(const struct moments *m)
{
    return (double)((long double)m->origin + m->mean);
}
