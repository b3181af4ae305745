#include "request.h"

#include <string.h>

#include "text.h"

static bool begins_with(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

static bool is_for_agent(const char *entry) {
  if (strchr(entry, '=') == NULL) return false;
  /* The launcher alone says these two. */
  if (begins_with(entry, "FAIRWAY_AS=") || begins_with(entry, "FAIRWAY_FELL_BACK=")) return false;
  return begins_with(entry, "CNI_") || begins_with(entry, "FAIRWAY_");
}

/* Adds `entry` with the NUL that ends it. */
static bool add_entry(struct request *request, const char *entry) {
  size_t length = strlen(entry) + 1;
  if (length > ENVIRONMENT_MAX - request->environment_length) return false;
  memcpy(request->environment + request->environment_length, entry, length);
  request->environment_length += length;
  return true;
}

bool request_make(struct request *request, char *const environment[], bool is_ipam, size_t stdin_length) {
  request->environment_length = 0;
  for (size_t i = 0; environment[i] != NULL; i++)
    if (is_for_agent(environment[i]) && !add_entry(request, environment[i])) return false;
  if (!add_entry(request, is_ipam ? "FAIRWAY_AS=" IPAM_NAME : "FAIRWAY_AS=" MAIN_NAME)) return false;
  if (!add_entry(request, "")) return false;

  struct text text = {request->head, sizeof request->head, 0};
  text_add(&text, "POST /v1/verb HTTP/1.1\r\nHost: agent\r\nFairway-Protocol: 1\r\n");
  text_add(&text, "Content-Type: application/octet-stream\r\nContent-Length: ");
  text_add_number(&text, request->environment_length + stdin_length);
  text_add(&text, "\r\n\r\n");
  request->head_length = text.length;
  return true;
}
