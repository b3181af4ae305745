#include "talk.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Returns a connected socket, or -1. */
static int connect_within(const char *path, long ms) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) return -1;
  memcpy(address.sun_path, path, strlen(path));
  int agent = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (agent < 0) return -1;
  /* A connection waits only where the agent's queue is full, and no longer than a send may. */
  struct timeval limit = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
  setsockopt(agent, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  int status;
  do status = connect(agent, (struct sockaddr *)&address, sizeof address);
  while (status < 0 && errno == EINTR);
  if (status == 0) return agent;
  close(agent);
  return -1;
}

struct sending {
  struct iovec parts[3];
  int at; /* The part that is sent next; 3 where nothing is left to send. */
};

/* Sends as much as the socket takes now. An agent that reads no more may have answered all the same. */
static void send_some(int agent, struct sending *rest) {
  while (rest->at < 3) {
    struct msghdr message = {.msg_iov = rest->parts + rest->at, .msg_iovlen = 3 - rest->at};
    ssize_t got = sendmsg(agent, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      if (errno != EAGAIN) rest->at = 3;
      return;
    }
    size_t sent = (size_t)got;
    while (rest->at < 3 && sent >= rest->parts[rest->at].iov_len) sent -= rest->parts[rest->at++].iov_len;
    if (rest->at == 3) return;
    rest->parts[rest->at].iov_base = (char *)rest->parts[rest->at].iov_base + sent;
    rest->parts[rest->at].iov_len -= sent;
  }
}

enum received { RECEIVED, RECEIVED_NOTHING, RECEIVED_END };

static enum received receive(int agent, struct talk *talk) {
  size_t room = sizeof talk->bytes - talk->length;
  ssize_t got = recv(agent, talk->bytes + talk->length, room, MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return RECEIVED_NOTHING;
  if (got <= 0) return RECEIVED_END;
  talk->length += (size_t)got;
  return RECEIVED;
}

static enum talk_end without_answer(const struct talk *talk, enum talk_end before, enum talk_end after) {
  return talk->answer.accepted ? after : before;
}

/*
 * Where nothing was accepted in time, the verb is done by another. A door is shut for the agent's "accepted":
 * what it wrote before is here now, and what it writes from now on is refused to it (EPIPE), so that it
 * knows that it must not begin.
 */
static enum talk_end too_late(int agent, struct talk *talk) {
  if (talk->answer.accepted) return TALK_NOT_ANSWERED_IN_TIME;
  shutdown(agent, SHUT_RD);
  while (receive(agent, talk) == RECEIVED) {}
  while (answer_read(&talk->answer, talk->bytes, talk->length) == ANSWER_QUEUED) {}
  return without_answer(talk, TALK_NOT_ACCEPTED_IN_TIME, TALK_LOST_CONNECTION);
}

/* Whether `state` is an end; then `end` is set. */
static bool is_end(enum answer_state state, const struct talk *talk, enum talk_end *end) {
  switch (state) {
    case ANSWER_MORE:
    case ANSWER_QUEUED:
    case ANSWER_ACCEPTED: return false;
    case ANSWER_DONE: *end = TALK_ANSWERED; break;
    case ANSWER_DECLINED: *end = TALK_DECLINED; break;
    case ANSWER_VERSION: *end = TALK_VERSION; break;
    case ANSWER_BROKEN: *end = without_answer(talk, TALK_BROKEN, TALK_LOST_ANSWER); break;
  }
  return true;
}

static enum talk_end converse(int agent, struct talk *talk, struct sending *rest) {
  long deadline = now_ms() + ACCEPT_MS;
  send_some(agent, rest);
  for (;;) {
    long left = deadline - now_ms();
    struct pollfd wait = {.fd = agent, .events = (short)(rest->at < 3 ? POLLIN | POLLOUT : POLLIN)};
    int ready = poll(&wait, 1, left > 0 ? (int)left : 0);
    if (ready < 0 && errno != EINTR) return without_answer(talk, TALK_BROKEN, TALK_LOST_CONNECTION);
    if (ready == 0 && left <= 0) return too_late(agent, talk);
    if (ready <= 0) continue;
    if (wait.revents & POLLOUT) send_some(agent, rest);
    if (receive(agent, talk) == RECEIVED_END) return without_answer(talk, TALK_BROKEN, TALK_LOST_CONNECTION);
    enum answer_state state = answer_read(&talk->answer, talk->bytes, talk->length);
    while (state == ANSWER_QUEUED || state == ANSWER_ACCEPTED) {
      left = state == ANSWER_QUEUED ? QUEUED_MS : ANSWER_MS;
      deadline = now_ms() + left;
      state = answer_read(&talk->answer, talk->bytes, talk->length);
    }
    enum talk_end end;
    if (is_end(state, talk, &end)) return end;
    /* All that had come when the time was over was looked at, as it counts where we were not let run before. */
    if (left <= 0) return too_late(agent, talk);
  }
}

enum talk_end talk_to_agent(struct talk *talk, const char *socket_path, const struct request *request,
                            const struct kept *kept) {
  int agent = connect_within(socket_path, CONNECT_MS);
  if (agent < 0) return TALK_NO_AGENT;
  /* sendmsg only reads what the parts point to. */
  struct sending rest = {.parts = {
                             {(void *)request->head, request->head_length},
                             {(void *)request->environment, request->environment_length},
                             {(void *)kept->bytes, kept->length},
                         }};
  /* The connection ends with this program, or as it becomes the other one. */
  return converse(agent, talk, &rest);
}
