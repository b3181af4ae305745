/* Which version of the CNI specification a configuration names: the error that the launcher prints has it. */
#ifndef VERSION_H
#define VERSION_H

#include <stddef.h>

/*
 * Returns the value of the key "cniVersion" of the object in `json`. What names no version that Fairway
 * speaks, or is no JSON, has the newest: Fairway's own errors are made so, too. It reads no more of JSON
 * than it has to, since the agent and the full executable read all of it.
 */
const char *config_version(const char *json, size_t length);

#endif
