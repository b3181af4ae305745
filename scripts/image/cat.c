/*
 * What comes in goes out: all that the agent needs of `cat` (src/kernel/send-off.ts), for an image that has
 * nothing of a distribution's programs.
 */
#include <errno.h>
#include <unistd.h>

int main(void) {
  static char piece[128 * 1024];
  for (;;) {
    ssize_t length = read(STDIN_FILENO, piece, sizeof piece);
    if (length == 0) return 0;
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) return 1;
    for (ssize_t at = 0; at < length;) {
      ssize_t written = write(STDOUT_FILENO, piece + at, (size_t)(length - at));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return 1;
      at += written;
    }
  }
}
