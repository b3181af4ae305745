/* stdin, kept so that the full executable can have it after the agent did not take the verb. */
#ifndef KEEP_H
#define KEEP_H

#include <stdbool.h>
#include <stddef.h>

#include "limits.h"

struct kept {
  int file; /* A file in memory with all of stdin, or -1. */
  /* The beginning of stdin, and how much of it is here. More than STDIN_MAX means that there is more. */
  char bytes[STDIN_MAX + 1];
  size_t length;
};

enum keep_end {
  KEPT,
  KEEP_UNTOUCHED, /* Nothing was read: stdin is as it was. */
  KEEP_LOST,      /* A part was read and cannot be given back. */
};

/* Reads stdin to its end. `kept` begins as zeros. */
enum keep_end keep_stdin(struct kept *kept);

/* Makes what was kept stdin again, from its beginning. */
bool keep_give_back(const struct kept *kept);

#endif
