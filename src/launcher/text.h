/* Text in a buffer of fixed size. What does not fit is left out. A NUL ends it from the first addition on. */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>

struct text {
  char *bytes;
  size_t size;
  size_t length;
};

void text_add(struct text *text, const char *more);
void text_add_number(struct text *text, size_t number);

/* Adds what stands between the quotes of a JSON string. A byte that is not ASCII becomes "?". */
void text_add_json(struct text *text, const char *more);

#endif
