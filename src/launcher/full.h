/* The full executable, which does everything that the agent does not. */
#ifndef FULL_H
#define FULL_H

#include <stddef.h>

#include "keep.h"

/* The folder of the running program. Without one, `path` is "". */
struct folder {
  char path[4096];
  size_t length; /* with the "/" at its end */
};

void folder_find(struct folder *folder);

/* The path of the agent's socket: what the folder's own file says, else `usual`. NULL: the file is no path. */
const char *folder_socket(const struct folder *folder, const char *usual);

struct full {
  const struct folder *folder;
  char **argv;
  char **environment;
};

/*
 * Becomes the full executable. With `kept`, stdin is what was kept; NULL leaves it as it is. `reason` is what
 * `fairway doctor` counts (FAIRWAY_FELL_BACK); NULL is for what is never the agent's. Returns only where it
 * cannot, with the words why.
 */
const char *full_run(const struct full *full, const struct kept *kept, const char *reason);

#endif
