/* SPDX-License-Identifier: ISC */
/* path.h - paths that stay right when the process changes its directory. */
#ifndef CONFIG_PATH_H
#define CONFIG_PATH_H

/* file as an absolute path, its last part as it is (a link stays one).  The caller frees it. */
char *path_absolute(const char *file);

/* path, or if it is relative, path in the directory of file.  The caller frees it. */
char *path_beside(const char *file, const char *path);

/* The part behind the last slash. */
const char *path_base(const char *path);

#endif
