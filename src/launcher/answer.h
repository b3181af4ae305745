/* The agent's answer. It is read without a look at anything else, so that a fuzzer can have it alone. */
#ifndef ANSWER_H
#define ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "limits.h"

/* The most that answer_read asks for: three heads and a body. */
#define ANSWER_MAX (3 * ANSWER_HEAD_MAX + ANSWER_BODY_MAX)

enum answer_state {
  ANSWER_MORE,     /* What has come is the beginning of an answer. */
  ANSWER_QUEUED,   /* The agent will come to it. It has not begun. This state is told once. */
  ANSWER_ACCEPTED, /* The agent begins. This state is told once. */
  ANSWER_DONE,     /* All of it is there. */
  ANSWER_DECLINED, /* The agent did nothing and will do nothing. */
  ANSWER_VERSION,  /* The agent speaks another version of the protocol. It did nothing. */
  ANSWER_BROKEN,   /* This is no answer. Nothing is known where it was accepted before. */
};

/* It begins as zeros. */
struct answer {
  bool queued;
  bool accepted;
  bool has_head;
  size_t at;      /* The head that is read next begins here, and later the body does. */
  size_t scanned; /* Before here, no head ends. */
  size_t length;  /* of the body */
  size_t stdout_length;
  int exit_code;
};

/*
 * Reads on in all that has come so far, which is `length` bytes. With ANSWER_DONE, the bytes from
 * `answer->at` are what goes to stdout and then, up to `answer->length`, to stderr.
 */
enum answer_state answer_read(struct answer *answer, const char *bytes, size_t length);

#endif
