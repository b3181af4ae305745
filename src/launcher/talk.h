/* One verb, told to the agent. */
#ifndef TALK_H
#define TALK_H

#include "answer.h"
#include "keep.h"
#include "request.h"

enum talk_end {
  TALK_ANSWERED,
  /* The agent did nothing and will do nothing. */
  TALK_NO_AGENT,
  TALK_DECLINED,
  TALK_VERSION,
  TALK_NOT_ACCEPTED_IN_TIME,
  TALK_BROKEN,
  /* The agent has begun, and what it did is not known. */
  TALK_LOST_CONNECTION,
  TALK_LOST_ANSWER,
  TALK_NOT_ANSWERED_IN_TIME,
};

struct talk {
  struct answer answer;
  char bytes[ANSWER_MAX];
  size_t length;
};

/* `talk` begins as zeros. With TALK_ANSWERED it has the whole answer. */
enum talk_end talk_to_agent(struct talk *talk, const char *socket_path, const struct request *request,
                            const struct kept *kept);

#endif
