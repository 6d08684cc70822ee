/* SPDX-License-Identifier: ISC */
/*
 * verifier.c - see verifier.h.  A job stands in one of two lists, or a thread has it; the lock
 * guards the lists and is never held while a hash is made.  on_done is the loop's alone.
 */
#include "listener/verifier.h"

#include <event2/event.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/thread.h"
#include "config/users.h"

enum { THREADS = 2 };

struct verifier_job {
	STAILQ_ENTRY(verifier_job) link;
	const struct users *users;
	char *name, *password;
	verifier_fn *on_done; /* NULL: forgotten */
	void *ctx;
	bool fits;
};

STAILQ_HEAD(job_list, verifier_job);

struct verifier {
	pthread_mutex_t lock;
	pthread_cond_t work;
	pthread_t thread[THREADS];
	unsigned nthreads;
	struct job_list waiting, done;
	bool is_ending;
	int done_fd; /* an eventfd: the second list is not empty */
	struct event *on_done;
};

static void
free_job(struct verifier_job *job)
{
	if (job->password != NULL)
		OPENSSL_cleanse(job->password, strlen(job->password));
	free(job->password);
	free(job->name);
	free(job);
}

static void
free_jobs(struct job_list *jobs)
{
	struct verifier_job *job;

	while ((job = STAILQ_FIRST(jobs)) != NULL) {
		STAILQ_REMOVE_HEAD(jobs, link);
		free_job(job);
	}
}

/* Wait for a job; NULL: there is no more. */
static struct verifier_job *
take(struct verifier *v)
{
	struct verifier_job *job = NULL;

	pthread_mutex_lock(&v->lock);
	while (!v->is_ending && (job = STAILQ_FIRST(&v->waiting)) == NULL)
		pthread_cond_wait(&v->work, &v->lock);
	if (job != NULL)
		STAILQ_REMOVE_HEAD(&v->waiting, link);
	pthread_mutex_unlock(&v->lock);
	return job;
}

static void *
work(void *ctx)
{
	struct verifier *v = ctx;
	struct verifier_job *job;

	while ((job = take(v)) != NULL) {
		job->fits = users_verify(job->users, job->name, job->password);
		pthread_mutex_lock(&v->lock);
		STAILQ_INSERT_TAIL(&v->done, job, link);
		pthread_mutex_unlock(&v->lock);
		eventfd_write(v->done_fd, 1);
	}
	return NULL;
}

static void
on_done(evutil_socket_t fd, short what, void *ctx)
{
	struct verifier *v = ctx;
	struct job_list done = STAILQ_HEAD_INITIALIZER(done);
	struct verifier_job *job;
	eventfd_t count;

	(void)what;
	eventfd_read(fd, &count);
	pthread_mutex_lock(&v->lock);
	STAILQ_CONCAT(&done, &v->done);
	pthread_mutex_unlock(&v->lock);
	while ((job = STAILQ_FIRST(&done)) != NULL) {
		STAILQ_REMOVE_HEAD(&done, link);
		if (job->on_done != NULL)
			job->on_done(job->ctx, job->fits);
		free_job(job);
	}
}

struct verifier *
verifier_new(struct event_base *base)
{
	struct verifier *v = calloc(1, sizeof *v);

	if (v == NULL)
		return NULL;
	pthread_mutex_init(&v->lock, NULL);
	pthread_cond_init(&v->work, NULL);
	STAILQ_INIT(&v->waiting);
	STAILQ_INIT(&v->done);
	v->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (v->done_fd >= 0)
		v->on_done = event_new(base, v->done_fd, EV_READ | EV_PERSIST, on_done, v);
	if (v->on_done == NULL || event_add(v->on_done, NULL) < 0)
		goto fail;
	for (; v->nthreads < THREADS; v->nthreads++)
		if (thread_start(&v->thread[v->nthreads], work, v) < 0)
			goto fail;
	return v;
fail:
	verifier_free(&v);
	return NULL;
}

void
verifier_free(struct verifier **verifier)
{
	struct verifier *v = *verifier;

	if (v == NULL)
		return;
	*verifier = NULL;
	pthread_mutex_lock(&v->lock);
	v->is_ending = true;
	pthread_cond_broadcast(&v->work);
	pthread_mutex_unlock(&v->lock);
	for (unsigned i = 0; i < v->nthreads; i++)
		pthread_join(v->thread[i], NULL);
	free_jobs(&v->waiting);
	free_jobs(&v->done);
	if (v->on_done != NULL)
		event_free(v->on_done);
	if (v->done_fd >= 0)
		close(v->done_fd);
	pthread_cond_destroy(&v->work);
	pthread_mutex_destroy(&v->lock);
	free(v);
}

struct verifier_job *
verifier_submit(struct verifier *v, const struct users *users, const char *name,
    const char *password, verifier_fn *on_result, void *ctx)
{
	struct verifier_job *job = calloc(1, sizeof *job);

	if (job == NULL)
		return NULL;
	job->name = strdup(name);
	job->password = strdup(password);
	if (job->name == NULL || job->password == NULL) {
		free_job(job);
		return NULL;
	}
	job->users = users;
	job->on_done = on_result;
	job->ctx = ctx;
	pthread_mutex_lock(&v->lock);
	STAILQ_INSERT_TAIL(&v->waiting, job, link);
	pthread_cond_signal(&v->work);
	pthread_mutex_unlock(&v->lock);
	return job;
}

void
verifier_forget(struct verifier_job **job)
{
	if (*job != NULL)
		(*job)->on_done = NULL;
	*job = NULL;
}
