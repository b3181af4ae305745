/* Writes all of it, however little a pipe takes at once. */
#ifndef WRITE_H
#define WRITE_H

#include <stdbool.h>
#include <stddef.h>

/* Returns false, with errno, where it cannot. */
bool write_all(int file, const char *bytes, size_t length);

#endif
