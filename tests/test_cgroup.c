// SPDX-License-Identifier: MIT
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cpus.h"
#include "base/meminfo.h"

static void write_text(const char *directory, const char *name, const char *text) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void remove_tree(const char *root) {
    char command[512];
    snprintf(command, sizeof command, "rm -r '%s'", root);
    assert_int_equal(system(command), 0);
}

static void quota_of_cgroups_version_2_counts(void **state) {
    (void)state;
    char root[] = "/tmp/quill-cgroup-XXXXXX", group[64], inner[64];
    assert_non_null(mkdtemp(root));
    snprintf(group, sizeof group, "%s/user", root);
    snprintf(inner, sizeof inner, "%s/user/session", root);
    assert_int_equal(mkdir(group, 0755) | mkdir(inner, 0755), 0);
    assert_int_equal(cpus_quota(STR("0::/user/session\n"), root), 0);
    write_text(inner, "cpu.max", "max 100000\n");
    assert_int_equal(cpus_quota(STR("0::/user/session\n"), root), 0);
    write_text(group, "cpu.max", "150000 100000\n"); // of the group above: one and a half
    assert_int_equal(cpus_quota(STR("0::/user/session\n"), root), 2);
    write_text(inner, "cpu.max", "20000 100000\n");
    assert_int_equal(cpus_quota(STR("0::/user/session\n"), root), 1);
    assert_int_equal(cpus_quota(STR("0::/elsewhere\n"), root), 0);
    assert_int_equal(cpus_quota(STR("0::/user/of/the/host\n"), root), 2); // not there; the one above it is
    assert_int_equal(cpus_quota(STR(""), root), 0);
    remove_tree(root);
}

static void quota_of_cgroups_version_1_counts(void **state) {
    (void)state;
    static const char self[] = "9:name=systemd:/\n3:cpuset:/box\n2:cpu,cpuacct:/box\n0::/\n";
    char root[] = "/tmp/quill-cgroup-XXXXXX", controller[64], group[64];
    assert_non_null(mkdtemp(root));
    snprintf(controller, sizeof controller, "%s/cpu,cpuacct", root);
    snprintf(group, sizeof group, "%s/cpu,cpuacct/box", root);
    assert_int_equal(mkdir(controller, 0755) | mkdir(group, 0755), 0);
    write_text(group, "cpu.cfs_quota_us", "-1\n");
    write_text(group, "cpu.cfs_period_us", "100000\n");
    assert_int_equal(cpus_quota(str_of(self), root), 0);
    write_text(group, "cpu.cfs_quota_us", "300000\n");
    assert_int_equal(cpus_quota(str_of(self), root), 3);
    write_text(controller, "cpu.cfs_quota_us", "200001\n");
    assert_int_equal(cpus_quota(str_of(self), root), 3); // a quota needs its period
    write_text(controller, "cpu.cfs_period_us", "200000\n");
    assert_int_equal(cpus_quota(str_of(self), root), 2);
    remove_tree(root);
}

static void room_of_cgroups_version_2_counts(void **state) {
    (void)state;
    char root[] = "/tmp/quill-cgroup-XXXXXX", group[64], inner[64];
    const struct str self = STR("0::/user/session\n");
    assert_non_null(mkdtemp(root));
    snprintf(group, sizeof group, "%s/user", root);
    snprintf(inner, sizeof inner, "%s/user/session", root);
    assert_int_equal(mkdir(group, 0755) | mkdir(inner, 0755), 0);
    assert_true(meminfo_cgroup_room(self, root) == UINT64_MAX);
    write_text(inner, "memory.max", "max\n");
    write_text(inner, "memory.high", "max\n");
    write_text(inner, "memory.current", "700\n");
    assert_true(meminfo_cgroup_room(self, root) == UINT64_MAX);
    write_text(inner, "memory.max", "1000\n");
    assert_int_equal(meminfo_cgroup_room(self, root), 300);
    write_text(inner, "memory.high", "900\n");
    assert_int_equal(meminfo_cgroup_room(self, root), 200);
    write_text(inner, "memory.stat", "anon 500\nfile 190\ninactive_anon 9\nactive_file 50\ninactive_file 40\n");
    assert_int_equal(meminfo_cgroup_room(self, root), 290); // 700 - 90 are in use for good
    write_text(group, "memory.max", "1200\n");
    write_text(group, "memory.current", "1100\n"); // of the group above: 100 left
    assert_int_equal(meminfo_cgroup_room(self, root), 100);
    write_text(group, "memory.current", "5000\n"); // the limit was lowered later
    assert_int_equal(meminfo_cgroup_room(self, root), 0);
    assert_int_equal(meminfo_cgroup_room(STR("0::/user/of/the/host\n"), root), 0); // not there; the one above it is
    assert_true(meminfo_cgroup_room(STR("0::/elsewhere\n"), root) == UINT64_MAX);
    remove_tree(root);
}

static void what_memory_has_no_room_for_is_refused(void **state) {
    (void)state;
    quill_error err;
    assert_int_equal(meminfo_check(0, "nothing", &err), QUILL_OK);
    assert_int_equal(meminfo_check(1 << 20, "a little", &err), QUILL_OK);
    if (meminfo_available() == UINT64_MAX) return; // the system does not say
    assert_int_equal(meminfo_check(UINT64_MAX / 2, "the text", &err), QUILL_E_SYSTEM);
    assert_memory_equal(err.text, "memory: the text needs 8796093022207 MiB, and ", 46);
}

static void room_of_cgroups_version_1_counts(void **state) {
    (void)state;
    static const char self[] = "9:name=systemd:/\n4:memory:/box\n2:cpu,cpuacct:/box\n0::/\n";
    char root[] = "/tmp/quill-cgroup-XXXXXX", controller[64], group[64];
    assert_non_null(mkdtemp(root));
    snprintf(controller, sizeof controller, "%s/memory", root);
    snprintf(group, sizeof group, "%s/memory/box", root);
    assert_int_equal(mkdir(controller, 0755) | mkdir(group, 0755), 0);
    write_text(group, "memory.limit_in_bytes", "1000000\n");
    assert_true(meminfo_cgroup_room(str_of(self), root) == UINT64_MAX); // how much is used is not known
    write_text(group, "memory.usage_in_bytes", "600000\n");
    assert_int_equal(meminfo_cgroup_room(str_of(self), root), 400000);
    write_text(group, "memory.stat", "active_file 7\ntotal_inactive_file 1000\ntotal_active_file 200\n");
    assert_int_equal(meminfo_cgroup_room(str_of(self), root), 401200);
    write_text(controller, "memory.limit_in_bytes", "9223372036854771712\n"); // none
    write_text(controller, "memory.usage_in_bytes", "700000\n");
    assert_int_equal(meminfo_cgroup_room(str_of(self), root), 401200);
    remove_tree(root);
}

static void available_memory_is_known_here(void **state) {
    (void)state;
    uint64_t have = meminfo_available();
    assert_true(have > 1 << 20 && have < UINT64_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quota_of_cgroups_version_2_counts), cmocka_unit_test(quota_of_cgroups_version_1_counts),
        cmocka_unit_test(room_of_cgroups_version_2_counts),  cmocka_unit_test(room_of_cgroups_version_1_counts),
        cmocka_unit_test(what_memory_has_no_room_for_is_refused),
        cmocka_unit_test(available_memory_is_known_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
