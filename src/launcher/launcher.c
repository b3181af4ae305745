/*
 * What a container runtime calls: it tells the verb to the agent and prints what the agent answers. Where
 * the agent does not take the verb, it becomes the full executable, with everything as it was.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "full.h"
#include "talk.h"
#include "text.h"
#include "version.h"
#include "write.h"

/* Codes of an error of the CNI specification. */
#define CODE_IO 5
#define CODE_TRY_AGAIN 11
#define CODE_UNAVAILABLE 50

/* Of which tree the launcher was built: `strings` shows it. It is never read. */
#ifndef BUILD_ID
#define BUILD_ID "unknown"
#endif
__attribute__((used, retain)) static const char build[] = "fairway-launcher (build " BUILD_ID ")";

extern char **environ;

/*
 * `fairway install` knows a launcher by this text (src/ops/install/launcher-file.ts). Behind the colon stands
 * what every build of the executable carries, so an older `install` takes it for a Fairway, too.
 */
__attribute__((used, retain)) static const char mark[] =
  "fairway-launcher: promised shares of a node's network for Kubernetes pods (a CNI plugin; see README)";

static struct folder folder;
static struct kept kept;
static struct request request;
static struct talk talk;

static const char *name_of(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash != NULL ? slash + 1 : path;
}

/* Whoever asked may not listen any more: then a write says so, and no signal ends us without a word. */
static void ignore_pipe_signal(void) { signal(SIGPIPE, SIG_IGN); }

/* Prints the error as the CNI specification asks for it, and ends. */
static _Noreturn void fail(int code, const char *message, const char *details) {
  ignore_pipe_signal();
  char bytes[12 * KIB];
  struct text text = {bytes, sizeof bytes, 0};
  text_add(&text, "{\n  \"cniVersion\": \"");
  text_add(&text, config_version(kept.bytes, kept.length));
  text_add(&text, "\",\n  \"code\": ");
  text_add_number(&text, (size_t)code);
  text_add(&text, ",\n  \"msg\": \"");
  text_add_json(&text, message);
  text_add(&text, "\",\n  \"details\": \"");
  text_add_json(&text, details);
  text_add(&text, "\"\n}\n");
  write_all(STDOUT_FILENO, text.bytes, text.length);
  _exit(1);
}

/* Becomes the full executable, or says why it cannot. */
static _Noreturn void become_full(char **argv, const struct kept *input, const char *reason) {
  struct full full = {&folder, argv, environ};
  const char *why = full_run(&full, input, reason);
  char bytes[5 * KIB];
  struct text text = {bytes, sizeof bytes, 0};
  /* Only then the agent might have done it. */
  if (reason != NULL) text_add(&text, "no fallback: ");
  text_add(&text, "the full executable ");
  text_add(&text, folder.path);
  text_add(&text, FULL_NAME " cannot be started: ");
  text_add(&text, why);
  static const char advice[] =
      "install Fairway again on this node, in the build for this host: it lies beside the launcher";
  const char *verb = getenv("CNI_COMMAND");
  if (verb != NULL)
    fail(strcmp(verb, "STATUS") == 0 ? CODE_UNAVAILABLE : CODE_IO, text.bytes, advice);
  text_add(&text, "; ");
  text_add(&text, advice);
  text_add(&text, "\n");
  write_all(STDERR_FILENO, "fairway: ", 9);
  write_all(STDERR_FILENO, text.bytes, text.length);
  _exit(1);
}

static bool is_any(const char *verb, const char *const verbs[]) {
  for (; *verbs != NULL; verbs++)
    if (strcmp(verb, *verbs) == 0) return true;
  return false;
}

/* A descriptor that is closed would be taken by one of our own, and a terminal has no configuration. */
static bool has_usual_streams(void) {
  for (int file = STDIN_FILENO; file <= STDERR_FILENO; file++)
    if (fcntl(file, F_GETFD) < 0) return false;
  return !isatty(STDIN_FILENO);
}

static _Noreturn void print_answer(void) {
  ignore_pipe_signal();
  const char *body = talk.bytes + talk.answer.at;
  const char unprinted[] = "fairway: the agent's answer could not be printed\n";
  if (!write_all(STDOUT_FILENO, body, talk.answer.stdout_length)) {
    write_all(STDERR_FILENO, unprinted, sizeof unprinted - 1);
    _exit(1);
  }
  /* A log line that nobody takes changes nothing of what was done. */
  write_all(STDERR_FILENO, body + talk.answer.stdout_length, talk.answer.length - talk.answer.stdout_length);
  _exit(talk.answer.exit_code);
}

/* The agent had begun. An ADD is not begun a second time before the runtime has called DEL. */
static _Noreturn void after_loss(char **argv, const char *verb, const char *reason, const char *message) {
  if (strcmp(verb, "ADD") != 0) become_full(argv, &kept, reason);
  fail(CODE_TRY_AGAIN, message,
       "the runtime calls DEL, which undoes what there is, and asks again; on the node, fairway doctor tells "
       "whether the agent answers");
}

int main(int argc, char **argv) {
  /* Each of them can be done again when an agent was lost, but for ADD. */
  static const char *const verbs[] = {"ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION", NULL};
  const char *verb = getenv("CNI_COMMAND");
  folder_find(&folder);
  if (verb == NULL || !is_any(verb, verbs)) become_full(argv, NULL, NULL);
  const char *socket_path = folder_socket(&folder, AGENT_SOCKET);
  if (socket_path == NULL || !has_usual_streams()) become_full(argv, NULL, "launcher");

  switch (keep_stdin(&kept)) {
    case KEPT: break;
    case KEEP_UNTOUCHED: become_full(argv, NULL, "launcher");
    case KEEP_LOST: fail(CODE_IO, "stdin could not be read to its end", "the runtime may ask again");
  }
  bool is_ipam = argc > 0 && strcmp(name_of(argv[0]), IPAM_NAME) == 0;
  if (kept.length > STDIN_MAX || !request_make(&request, environ, is_ipam, kept.length))
    become_full(argv, &kept, "too-large");

  switch (talk_to_agent(&talk, socket_path, &request, &kept)) {
    case TALK_ANSWERED: print_answer();
    case TALK_NO_AGENT: become_full(argv, &kept, "no-agent");
    case TALK_DECLINED: become_full(argv, &kept, "declined");
    case TALK_VERSION: become_full(argv, &kept, "version");
    case TALK_NOT_ACCEPTED_IN_TIME: become_full(argv, &kept, "timeout");
    case TALK_BROKEN: become_full(argv, &kept, "broken");
    case TALK_LOST_CONNECTION:
      after_loss(argv, verb, "broken",
                 "Fairway's agent accepted the ADD, and its connection ended before the answer");
    case TALK_LOST_ANSWER:
      after_loss(argv, verb, "broken",
                 "Fairway's agent accepted the ADD, and what it answered cannot be read");
    case TALK_NOT_ANSWERED_IN_TIME:
      after_loss(argv, verb, "timeout",
                 "Fairway's agent accepted the ADD, and did not answer it in time");
  }
  _exit(1);
}
