/*
 * The environment, whose entries are what the input has between its zeros: the body has an end, and is no
 * larger than allowed. Also the text of an error, in which the path of a folder stands.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../request.h"
#include "../text.h"

#define ENTRIES 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct request request;
  char *bytes = malloc(size + 1), *entries[ENTRIES + 1];
  if (bytes == NULL) abort();
  if (size > 0) memcpy(bytes, data, size);
  bytes[size] = '\0';
  size_t count = 0;
  for (size_t at = 0; at < size && count < ENTRIES; at += strlen(bytes + at) + 1) entries[count++] = bytes + at;
  entries[count] = NULL;
  if (request_make(&request, entries, size % 2 == 0, size)) {
    size_t length = request.environment_length;
    if (length < 2 || length > ENVIRONMENT_MAX || request.head_length >= sizeof request.head) abort();
    if (request.environment[length - 1] != '\0' || request.environment[length - 2] != '\0') abort();
    /* An empty entry would end the environment before its end. */
    for (size_t at = 1; at + 1 < length; at++)
      if (request.environment[at] == '\0' && request.environment[at - 1] == '\0') abort();
  }
  char room[64] = "";
  struct text text = {room, sizeof room, 0};
  text_add_json(&text, bytes);
  if (text.length >= sizeof room || room[text.length] != '\0' || strlen(room) != text.length) abort();
  free(bytes);
  return 0;
}
