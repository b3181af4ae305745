#include "answer.h"

#include <string.h>
#include <strings.h>

/* A part of the bytes that came. It is not ended by a NUL. */
struct part {
  const char *from;
  size_t length;
};

struct head {
  int status;
  bool is_declined;
  bool is_chunked;
  long body; /* These three are -1 where there is no such header. */
  long for_stdout;
  long exit_code;
};

static const char version[] = "HTTP/1.1 ";
#define VERSION_LENGTH (sizeof version - 1)

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* What may stand in a header's value and in a status line's words. */
static bool is_printable(char c) { return c == '\t' || (unsigned char)c >= 0x80 || (c >= 0x20 && c < 0x7f); }

/* What a header's name is made of. */
static bool is_token(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
         || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_named(struct part name, const char *wanted) {
  return name.length == strlen(wanted) && strncasecmp(name.from, wanted, name.length) == 0;
}

static struct part trimmed(struct part text) {
  while (text.length > 0 && (text.from[0] == ' ' || text.from[0] == '\t')) text.from++, text.length--;
  while (text.length > 0 && (text.from[text.length - 1] == ' ' || text.from[text.length - 1] == '\t'))
    text.length--;
  return text;
}

/* Sets a number that was -1. It is refused where it comes twice, is none, or is larger than `most`. */
static bool take_number(struct part text, long most, long *number) {
  if (*number != -1 || text.length == 0 || text.length > 8) return false;
  long value = 0;
  for (size_t i = 0; i < text.length; i++) {
    if (!is_digit(text.from[i])) return false;
    value = value * 10 + (text.from[i] - '0');
  }
  if (value > most) return false;
  *number = value;
  return true;
}

static bool take_status(struct part line, struct head *head) {
  if (line.length < VERSION_LENGTH + 4 || memcmp(line.from, version, VERSION_LENGTH) != 0) return false;
  const char *code = line.from + VERSION_LENGTH;
  if (!is_digit(code[0]) || !is_digit(code[1]) || !is_digit(code[2]) || code[3] != ' ') return false;
  for (size_t i = VERSION_LENGTH; i < line.length; i++)
    if (!is_printable(line.from[i])) return false;
  head->status = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
  return true;
}

static bool take_header(struct part line, struct head *head) {
  size_t colon = 0;
  while (colon < line.length && is_token(line.from[colon])) colon++;
  if (colon == 0 || colon == line.length || line.from[colon] != ':') return false;
  for (size_t i = colon; i < line.length; i++)
    if (!is_printable(line.from[i])) return false;
  struct part name = {line.from, colon};
  struct part value = trimmed((struct part){line.from + colon + 1, line.length - colon - 1});
  if (is_named(name, "content-length")) return take_number(value, ANSWER_BODY_MAX, &head->body);
  if (is_named(name, "fairway-stdout")) return take_number(value, ANSWER_BODY_MAX, &head->for_stdout);
  if (is_named(name, "fairway-exit")) return take_number(value, 255, &head->exit_code);
  if (is_named(name, "fairway-declined")) head->is_declined = true;
  if (is_named(name, "transfer-encoding")) head->is_chunked = true;
  return true;
}

/* `text` is a whole head: lines that end with CR LF, without the empty one. */
static bool take_head(struct part text, struct head *head) {
  *head = (struct head){.body = -1, .for_stdout = -1, .exit_code = -1};
  for (bool is_first = true; text.length > 0; is_first = false) {
    const char *end = memchr(text.from, '\r', text.length);
    if (end == NULL) return false;
    struct part line = {text.from, (size_t)(end - text.from)};
    if (line.length + 2 > text.length || end[1] != '\n') return false;
    if (is_first ? !take_status(line, head) : !take_header(line, head)) return false;
    text.from += line.length + 2;
    text.length -= line.length + 2;
  }
  return head->status != 0;
}

/* Finds the empty line. Returns where it ends, or 0. */
static size_t head_end(struct answer *answer, const char *bytes, size_t length) {
  size_t from = answer->scanned > answer->at + 3 ? answer->scanned - 3 : answer->at;
  for (size_t i = from; i + 4 <= length; i++)
    if (memcmp(bytes + i, "\r\n\r\n", 4) == 0) return answer->scanned = i + 4;
  answer->scanned = length;
  return 0;
}

/* What has come can still become an answer of this version of HTTP. */
static bool begins_well(const char *bytes, size_t length) {
  return memcmp(bytes, version, length < VERSION_LENGTH ? length : VERSION_LENGTH) == 0;
}

static enum answer_state after_head(struct answer *answer, const struct head *head) {
  if (head->status == 503 && head->is_declined) return ANSWER_DECLINED;
  if (head->status == 100) {
    if (answer->queued || answer->accepted || head->body != -1 || head->is_chunked) return ANSWER_BROKEN;
    answer->queued = true;
    return ANSWER_QUEUED;
  }
  if (head->status == 102) {
    if (answer->accepted || head->body != -1 || head->is_chunked) return ANSWER_BROKEN;
    answer->accepted = true;
    return ANSWER_ACCEPTED;
  }
  if (!answer->accepted) return head->status == 426 ? ANSWER_VERSION : ANSWER_DECLINED;
  if (head->status != 200 || head->is_chunked) return ANSWER_BROKEN;
  if (head->exit_code == -1 || head->body == -1 || head->for_stdout == -1) return ANSWER_BROKEN;
  if (head->for_stdout > head->body) return ANSWER_BROKEN;
  answer->has_head = true;
  answer->exit_code = (int)head->exit_code;
  answer->length = (size_t)head->body;
  answer->stdout_length = (size_t)head->for_stdout;
  return ANSWER_MORE;
}

enum answer_state answer_read(struct answer *answer, const char *bytes, size_t length) {
  if (!answer->has_head) {
    size_t end = head_end(answer, bytes, length);
    size_t head_length = (end > 0 ? end : length) - answer->at;
    if (head_length > ANSWER_HEAD_MAX || !begins_well(bytes + answer->at, head_length)) return ANSWER_BROKEN;
    if (end == 0) return ANSWER_MORE;
    struct head head;
    if (!take_head((struct part){bytes + answer->at, head_length - 2}, &head)) return ANSWER_BROKEN;
    answer->at = end;
    enum answer_state state = after_head(answer, &head);
    if (state != ANSWER_MORE) return state;
  }
  /* What follows the body was not asked for, and nobody looks at it. */
  return length - answer->at >= answer->length ? ANSWER_DONE : ANSWER_MORE;
}
