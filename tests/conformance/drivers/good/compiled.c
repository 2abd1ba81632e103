/*
 * Copyright: (c) 2026, The nodeops.flexvolume maintainers
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A volume is a tmpfs of its own.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

static int answer(const char *status, const char *message)
{
    printf("{\"status\": \"%s\", \"message\": \"%s\"}\n", status, message);
    return strcmp(status, "Success") != 0;
}

static int is_mounted(const char *directory)
{
    char parent[4096];
    struct stat here, above;

    snprintf(parent, sizeof parent, "%s/..", directory);
    return stat(directory, &here) == 0 && stat(parent, &above) == 0 && here.st_dev != above.st_dev;
}

static int call_mount(const char *directory, const char *json)
{
    unsigned long flags = strstr(json, "\"kubernetes.io/readwrite\":\"ro\"") ? MS_RDONLY : 0;

    if (json[0] != '{' || json[strlen(json) - 1] != '}')
        return answer("Failure", "the options are not JSON");
    if (!is_mounted(directory) && mount("conformance", directory, "tmpfs", flags, "mode=0755") != 0)
        return answer("Failure", strerror(errno));
    return answer("Success", "");
}

static int call_unmount(const char *directory)
{
    if (umount(directory) != 0 && errno != EINVAL && errno != ENOENT)
        return answer("Failure", strerror(errno));
    return answer("Success", "");
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "init") == 0) {
        puts("{\"status\": \"Success\", \"capabilities\": {\"attach\": false, \"selinuxRelabel\": false, \"fsGroup\": true, "
             "\"requiresFSResize\": false, \"supportsMetrics\": false}}");
        return 0;
    }
    if (argc == 4 && strcmp(argv[1], "mount") == 0)
        return call_mount(argv[2], argv[3]);
    if (argc == 3 && strcmp(argv[1], "unmount") == 0)
        return call_unmount(argv[2]);
    if (argc > 1 && (strcmp(argv[1], "mount") == 0 || strcmp(argv[1], "unmount") == 0))
        return answer("Failure", "wrong number of arguments");
    return answer("Not supported", "");
}
