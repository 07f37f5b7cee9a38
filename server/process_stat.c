#include "process_stat.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* Two numbers of pages: all that is mapped, and what is there. */
static void read_memory(struct process_stat *out)
{
    char text[128];
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL)
        return;
    if (fgets(text, sizeof text, file) != NULL) {
        char *rest = text;
        out->virtual = strtoull(rest, &rest, 10) * page;
        out->resident = strtoull(rest, &rest, 10) * page;
    }
    fclose(file);
}

/* Names in a folder of /proc that are numbers. */
static uint64_t count_entries(const char *path)
{
    uint64_t n = 0;
    DIR *folder = opendir(path);
    if (folder == NULL)
        return 0;
    for (const struct dirent *e; (e = readdir(folder)) != NULL;)
        n += e->d_name[0] != '.';
    closedir(folder);
    return n;
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

void process_stat(struct process_stat *out)
{
    struct rlimit files;
    struct rusage usage;
    *out = (struct process_stat){0};
    read_memory(out);
    out->open_fds = count_entries("/proc/self/fd");
    out->threads = count_entries("/proc/self/task");
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        out->max_fds = files.rlim_cur;
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        out->cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
}
