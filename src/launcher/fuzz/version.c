/* What comes on stdin, as far as the launcher looks into it: the version that its own errors name. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *bytes = malloc(size > 0 ? size : 1);
  if (bytes == NULL) abort();
  if (size > 0) memcpy(bytes, data, size);
  const char *version = config_version(bytes, size);
  if (version == NULL || strlen(version) != strlen("1.1.0")) abort();
  free(bytes);
  return 0;
}
