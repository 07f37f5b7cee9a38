/* What a scan found, as text. */
#ifndef MANDOLINE_SCAN_TEXT_H
#define MANDOLINE_SCAN_TEXT_H

#include "scanner.h"

/* To standard output: a line with the verdict, and one more for each finding. */
void scan_print(const char *path, const struct scan_report *report);

#endif
