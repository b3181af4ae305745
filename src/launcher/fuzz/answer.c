/*
 * What comes from the socket, as libFuzzer makes it. The first two bytes say how the rest is cut into pieces,
 * and however it is cut, the same must come of it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../answer.h"

struct outcome {
  struct answer answer;
  enum answer_state state;
};

/* Reads as the launcher does: after each piece all that has come, until there is an end. */
static struct outcome read_in_pieces(const char *bytes, size_t length, size_t piece) {
  struct outcome outcome = {.state = ANSWER_MORE};
  size_t come = 0;
  while (outcome.state == ANSWER_MORE && come < length) {
    come = piece < length - come ? come + piece : length;
    outcome.state = answer_read(&outcome.answer, bytes, come);
    if (outcome.state == ANSWER_QUEUED) outcome.state = answer_read(&outcome.answer, bytes, come);
    if (outcome.state == ANSWER_ACCEPTED) outcome.state = answer_read(&outcome.answer, bytes, come);
    if (outcome.state == ANSWER_QUEUED || outcome.state == ANSWER_ACCEPTED) abort();
  }
  return outcome;
}

static void must(int holds) {
  if (!holds) abort();
}

static void check(const struct outcome *outcome, size_t length) {
  const struct answer *answer = &outcome->answer;
  must(answer->at <= length);
  if (outcome->state != ANSWER_DONE) return;
  must(answer->accepted && answer->has_head);
  must(answer->exit_code >= 0 && answer->exit_code <= 255);
  must(answer->length <= ANSWER_BODY_MAX && answer->stdout_length <= answer->length);
  must(answer->at + answer->length <= length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2) return 0;
  size_t piece = 1 + (data[0] | (size_t)data[1] << 8);
  size_t length = size - 2;
  /* A copy of exactly this size, so that a byte too far is seen. */
  char *bytes = malloc(length + 1);
  must(bytes != NULL);
  memcpy(bytes, data + 2, length);
  bytes = realloc(bytes, length > 0 ? length : 1);
  struct outcome whole = read_in_pieces(bytes, length, length > 0 ? length : 1);
  struct outcome parts = read_in_pieces(bytes, length, piece);
  check(&whole, length);
  check(&parts, length);
  must(whole.state == parts.state);
  must(whole.answer.accepted == parts.answer.accepted);
  if (whole.state == ANSWER_DONE) {
    must(whole.answer.at == parts.answer.at && whole.answer.length == parts.answer.length);
    must(whole.answer.stdout_length == parts.answer.stdout_length);
    must(whole.answer.exit_code == parts.answer.exit_code);
  }
  free(bytes);
  return 0;
}
