// What the parts of call.c share: the state folder, the command that is played, and how the bench gives up.
#ifndef AIRHIVE_BENCH_H
#define AIRHIVE_BENCH_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LONG = 4096, MANY = 512 };
static const char *state, *name;

static void in_state(char *path, const char *file) { snprintf(path, LONG, "%s/%s", state, file); }

static void die(int status, const char *what, const char *more) {
  fprintf(stderr, "%s: %s%s\n", name, what, more);
  exit(status);
}

static size_t slurp(const char *path, char *bytes, size_t room) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t got = file < 0 ? 0 : read(file, bytes, room - 1);
  if (file >= 0) close(file);
  bytes[got > 0 ? got : 0] = 0;
  return got > 0 ? (size_t)got : 0;
}

#endif
