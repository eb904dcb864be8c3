// kill -9 of the script that called, and of nobody else.
#include <dirent.h>
#include <signal.h>
#include <string.h>
#include "bench.h"

struct process {
  int parent, group;
  char arguments[LONG];
  size_t length;
};

static int look_at(int pid, struct process *seen) {
  char path[LONG], text[LONG];
  snprintf(path, LONG, "/proc/%d/stat", pid);
  if (!slurp(path, text, sizeof text)) return 0;
  const char *after = strrchr(text, ')');
  if (!after || sscanf(after + 2, "%*c %d %d", &seen->parent, &seen->group) != 2) return 0;
  snprintf(path, LONG, "/proc/%d/cmdline", pid);
  seen->length = slurp(path, seen->arguments, sizeof seen->arguments);
  return 1;
}

// Only processes that belong to this machine may be struck, and not those that have a life of their own (bhyve, daemon).
static int is_ours(int pid) {
  char path[LONG], text[1 << 16], wanted[LONG];
  snprintf(path, LONG, "%s/processes/%d", state, pid);
  if (access(path, F_OK) == 0) return 0;
  snprintf(path, LONG, "/proc/%d/environ", pid);
  size_t length = slurp(path, text, sizeof text);
  snprintf(wanted, LONG, "STATE=%s", state);
  for (const char *at = text; at < text + length; at += strlen(at) + 1)
    if (strcmp(at, wanted) == 0) return 1;
  return 0;
}

// kill -9 of the script that called: its main process, its subshells, and all between it and this call.
static void strike(void) {
  int line[MANY], deep = 0, group = getpgrp();
  struct process seen, script;
  for (int pid = getppid(); pid > 1 && deep < MANY && is_ours(pid); pid = seen.parent) {
    if (!look_at(pid, &seen) || seen.group != group) break;
    script = seen;
    line[deep++] = pid;
  }
  if (deep == 0) die(70, "the bench found no script to kill", "");
  for (int i = deep - 1; i >= 0; i--) kill(line[i], SIGKILL);
  DIR *all = opendir("/proc");
  for (struct dirent *entry; all && (entry = readdir(all));) {
    int pid = atoi(entry->d_name);
    if (pid <= 1 || pid == getpid() || !look_at(pid, &seen) || seen.group != group) continue;
    if (seen.length != script.length || memcmp(seen.arguments, script.arguments, seen.length) != 0) continue;
    if (is_ours(pid)) kill(pid, SIGKILL);
  }
  kill(getpid(), SIGKILL);
}
