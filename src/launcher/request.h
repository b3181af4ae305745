/* What the agent is asked: the head of a request, and the environment as the beginning of its body. */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "limits.h"

struct request {
  char head[256];
  size_t head_length;
  char environment[ENVIRONMENT_MAX];
  size_t environment_length;
};

/*
 * Takes CNI_* and FAIRWAY_* of `environment`, and the name that the launcher was called by. The body goes
 * on with `stdin_length` bytes. Returns false where the environment is larger than the agent takes.
 */
bool request_make(struct request *request, char *const environment[], bool is_ipam, size_t stdin_length);

#endif
