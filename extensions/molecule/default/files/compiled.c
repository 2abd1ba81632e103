/* Copyright: (c) 2026, The nodeops.flexvolume maintainers
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A third-party driver as they are in the field: a large static binary. It mounts a tmpfs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* Vendors' binaries carry tens of megabytes of libraries; these stand for them. */
static const volatile char libraries[24 << 20] = {1};

static int answer(const char *status, const char *message)
{
	printf("{\"status\": \"%s\", \"message\": \"%s\"}\n", status, message);
	return strcmp(status, "Success") != 0;
}

static int is_mount_point(const char *path)
{
	char parent[4096];
	struct stat own, above;

	snprintf(parent, sizeof parent, "%s/..", path);
	return stat(path, &own) == 0 && stat(parent, &above) == 0 && own.st_dev != above.st_dev;
}

int main(int count, char **words)
{
	const char *callout = count > 1 ? words[1] : "";

	if (strcmp(callout, "init") == 0 && libraries[0]) {
		puts("{\"status\": \"Success\", \"capabilities\": {\"attach\": false, \"fsGroup\": false, \"selinuxRelabel\": false,"
		     " \"supportsMetrics\": true, \"requiresFSResize\": false}}");
		return 0;
	}
	if (strcmp(callout, "mount") == 0 && count == 4) {
		if (is_mount_point(words[2]) || mount("example", words[2], "tmpfs", MS_NOSUID | MS_NODEV, "size=1m") == 0)
			return answer("Success", "");
		return answer("Failure", strerror(errno));
	}
	if (strcmp(callout, "unmount") == 0 && count == 3) {
		if (!is_mount_point(words[2]) || umount(words[2]) == 0)
			return answer("Success", "");
		return answer("Failure", strerror(errno));
	}
	return answer("Not supported", callout);
}
