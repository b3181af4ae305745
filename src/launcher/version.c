#include "version.h"

#include <stdbool.h>
#include <string.h>

/* The last is the newest. src/cni has the same list, and a test compares the two. */
static const char *const known[] = {"0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"};
#define KNOWN (sizeof known / sizeof known[0])

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static size_t skip_space(const char *json, size_t length, size_t at) {
  while (at < length && is_space(json[at])) at++;
  return at;
}

/* `at` is behind an opening quote. Returns where the closing one stands, or `length`. */
static size_t string_end(const char *json, size_t length, size_t at) {
  for (; at < length && json[at] != '"'; at++)
    if (json[at] == '\\' && at + 1 < length) at++;
  return at < length ? at : length;
}

static bool is_text(const char *from, size_t length, const char *wanted) {
  return length == strlen(wanted) && memcmp(from, wanted, length) == 0;
}

/* The version in a string that begins at `at`, if there is one. */
static const char *version_at(const char *json, size_t length, size_t at) {
  if (at >= length || json[at] != '"') return NULL;
  size_t end = string_end(json, length, at + 1);
  if (end == length) return NULL;
  for (size_t i = 0; i < KNOWN; i++)
    if (is_text(json + at + 1, end - at - 1, known[i])) return known[i];
  return NULL;
}

const char *config_version(const char *json, size_t length) {
  const char *newest = known[KNOWN - 1], *found = newest;
  size_t depth = 0;
  for (size_t at = 0; at < length; at++) {
    char c = json[at];
    if (c == '{' || c == '[') depth++;
    if ((c == '}' || c == ']') && depth-- == 0) return newest;
    if (c != '"') continue;
    size_t from = at + 1, end = string_end(json, length, from);
    at = end;
    size_t colon = skip_space(json, length, end < length ? end + 1 : length);
    if (depth != 1 || colon >= length || json[colon] != ':') continue;
    if (!is_text(json + from, end - from, "cniVersion")) continue;
    /* Where a key comes twice, the last counts, as it does for who reads all of it. */
    const char *named = version_at(json, length, skip_space(json, length, colon + 1));
    found = named != NULL ? named : newest;
  }
  return found;
}
