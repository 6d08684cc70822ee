/* SPDX-License-Identifier: ISC */
/* path.c - only directories are resolved: the file itself may be replaced, or be a link that is. */
#include "config/path.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

const char *
path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

char *
path_beside(const char *file, const char *path)
{
	if (path[0] == '/')
		return xstrdup(path);
	return xasprintf("%.*s%s", (int)(path_base(file) - file), file, path);
}

char *
path_absolute(const char *file)
{
	char *directory = path_beside(file, "./");
	char *resolved = realpath(directory, NULL);
	char *result;

	if (resolved == NULL)
		result = xstrdup(file);
	else
		result =
		    xasprintf("%s/%s", strcmp(resolved, "/") == 0 ? "" : resolved, path_base(file));

	free(resolved);
	free(directory);
	return result;
}
