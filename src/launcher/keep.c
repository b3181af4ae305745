#include "keep.h"

#include <errno.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "write.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif

/* A kernel may refuse files that can be executed, and one before 6.3 does not know how to ask for another. */
static int memory_file(void) {
  int file = memfd_create("stdin", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
  if (file < 0 && errno == EINVAL) file = memfd_create("stdin", MFD_CLOEXEC);
  return file;
}

/*
 * A runtime may hand over the end of a pipe on which a read does not wait. There is no deadline for stdin:
 * without a launcher there is none either, and who writes it also waits for the answer.
 */
static ssize_t read_stdin(char *bytes, size_t size) {
  for (;;) {
    ssize_t got = read(STDIN_FILENO, bytes, size);
    if (got >= 0) return got;
    if (errno == EAGAIN) {
      struct pollfd wait = {.fd = STDIN_FILENO, .events = POLLIN};
      poll(&wait, 1, -1);
    } else if (errno != EINTR) {
      return -1;
    }
  }
}

/* What is more than the agent takes goes to the file alone, for the full executable. */
static bool keep_rest(int file) {
  char bytes[64 * KIB];
  for (;;) {
    ssize_t got = read_stdin(bytes, sizeof bytes);
    if (got <= 0) return got == 0;
    if (!write_all(file, bytes, (size_t)got)) return false;
  }
}

enum keep_end keep_stdin(struct kept *kept) {
  kept->file = memory_file();
  if (kept->file < 0) return KEEP_UNTOUCHED;
  while (kept->length < sizeof kept->bytes) {
    ssize_t got = read_stdin(kept->bytes + kept->length, sizeof kept->bytes - kept->length);
    if (got < 0) return kept->length == 0 ? KEEP_UNTOUCHED : KEEP_LOST;
    if (got == 0) break;
    kept->length += (size_t)got;
  }
  if (!write_all(kept->file, kept->bytes, kept->length)) return KEEP_LOST;
  if (kept->length > STDIN_MAX && !keep_rest(kept->file)) return KEEP_LOST;
  return KEPT;
}

bool keep_give_back(const struct kept *kept) {
  return lseek(kept->file, 0, SEEK_SET) == 0 && dup2(kept->file, STDIN_FILENO) == STDIN_FILENO;
}
