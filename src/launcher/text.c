#include "text.h"

#include <string.h>

static void add_bytes(struct text *text, const char *more, size_t length) {
  size_t room = text->size - 1 - text->length;
  if (length > room) length = room;
  memcpy(text->bytes + text->length, more, length);
  text->length += length;
  text->bytes[text->length] = '\0';
}

void text_add(struct text *text, const char *more) { add_bytes(text, more, strlen(more)); }

void text_add_number(struct text *text, size_t number) {
  char digits[20];
  size_t at = sizeof digits;
  do {
    digits[--at] = (char)('0' + number % 10);
    number /= 10;
  } while (number > 0);
  add_bytes(text, digits + at, sizeof digits - at);
}

void text_add_json(struct text *text, const char *more) {
  static const char hex[] = "0123456789abcdef";
  for (; *more != '\0'; more++) {
    unsigned char c = (unsigned char)*more;
    if (c < 0x20) {
      char escaped[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
      add_bytes(text, escaped, sizeof escaped);
    } else if (c == '"' || c == '\\') {
      char escaped[] = {'\\', (char)c};
      add_bytes(text, escaped, sizeof escaped);
    } else {
      add_bytes(text, c < 0x7f ? (const char *)&c : "?", 1);
    }
  }
}
