// SPDX-License-Identifier: MIT
#include "cgroup.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

bool cgroup_read(char *text, size_t size, const char *directory, const char *name) {
    char path[CGROUP_PATH_BYTES + 64];
    snprintf(path, sizeof path, "%s%s%s", directory ? directory : "", directory ? "/" : "", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t n = read(fd, text, size - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

// Returns the part of `text` before the next `mark`; `text` becomes what follows the mark.
static struct str cut(struct str *text, char mark) {
    const char *found = text->n ? memchr(text->p, mark, text->n) : NULL;
    struct str head = {text->p, found ? (size_t)(found - text->p) : text->n};
    size_t used = found ? head.n + 1 : head.n;
    text->p += used, text->n -= used;
    return head;
}

static bool lists(struct str controllers, const char *wanted) {
    while (controllers.n)
        if (str_is(cut(&controllers, ','), wanted)) return true;
    return false;
}

// mount/controllers/group and the directories above it, down to mount/controllers.
static void climb(const char *mount, struct str controllers, struct str group, cgroup_visit_fn *visit, void *user) {
    char path[CGROUP_PATH_BYTES];
    int n = snprintf(path, sizeof path, "%s/%.*s", mount, (int)controllers.n, controllers.n ? controllers.p : "");
    if (n < 0 || (size_t)n + group.n + 1 > sizeof path) return;
    size_t top = (size_t)n;
    memcpy(path + top, group.p, group.n);
    path[top + group.n] = '\0';
    for (;;) {
        visit(user, path);
        if (strlen(path) <= top) return;
        *strrchr(path, '/') = '\0';
    }
}

void cgroup_each(const struct cgroups *groups, const char *controller, cgroup_visit_fn *visit, void *user) {
    struct str self = groups->self;
    while (self.n) { // "4:cpu,cpuacct:/docker/1" in version 1, "0::/user.slice" in version 2
        struct str group = cut(&self, '\n');
        struct str hierarchy = cut(&group, ':'), controllers = cut(&group, ':');
        bool version2 = str_is(hierarchy, "0") && controllers.n == 0;
        if (group.n == 0 || group.p[0] != '/' || !(version2 || lists(controllers, controller))) continue;
        climb(groups->mount, controllers, group, visit, user);
    }
}
