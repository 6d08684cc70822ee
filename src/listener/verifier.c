/* SPDX-License-Identifier: ISC */
/*
 * verifier.c - see verifier.h.  A job stands in one of two lists, or a thread has it; the lock
 * guards the lists and is never held while a hash is made.  on_done is the loop's alone.
 * What waits is ordered by rank, so that a client with many jobs delays others by one.
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

#include "base/sockaddr.h"
#include "base/thread.h"
#include "config/users.h"

enum { THREADS = 2 };

struct verifier_job {
	TAILQ_ENTRY(verifier_job) link;
	struct verifier *verifier;
	const struct users *users;
	char *name, *password;
	char client[SOCKADDR_TEXT_SIZE]; /* its host */
	unsigned rank;                   /* jobs of the same client that waited before it */
	bool is_waiting;                 /* in the list of that name: no thread has it yet */
	verifier_fn *on_done;            /* NULL: forgotten */
	void *ctx;
	bool fits;
};

TAILQ_HEAD(job_list, verifier_job);

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

	while ((job = TAILQ_FIRST(jobs)) != NULL) {
		TAILQ_REMOVE(jobs, job, link);
		free_job(job);
	}
}

/* Wait for a job; NULL: there is no more. */
static struct verifier_job *
take(struct verifier *v)
{
	struct verifier_job *job = NULL;

	pthread_mutex_lock(&v->lock);
	while (!v->is_ending && (job = TAILQ_FIRST(&v->waiting)) == NULL)
		pthread_cond_wait(&v->work, &v->lock);
	if (job != NULL) {
		TAILQ_REMOVE(&v->waiting, job, link);
		job->is_waiting = false;
	}
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
		TAILQ_INSERT_TAIL(&v->done, job, link);
		pthread_mutex_unlock(&v->lock);
		eventfd_write(v->done_fd, 1);
	}
	return NULL;
}

static void
on_done(evutil_socket_t fd, short what, void *ctx)
{
	struct verifier *v = ctx;
	struct job_list done = TAILQ_HEAD_INITIALIZER(done);
	struct verifier_job *job;
	eventfd_t count;

	(void)what;
	eventfd_read(fd, &count);
	pthread_mutex_lock(&v->lock);
	TAILQ_CONCAT(&done, &v->done, link);
	pthread_mutex_unlock(&v->lock);
	while ((job = TAILQ_FIRST(&done)) != NULL) {
		TAILQ_REMOVE(&done, job, link);
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
	TAILQ_INIT(&v->waiting);
	TAILQ_INIT(&v->done);
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

static void
enqueue(struct verifier *v, struct verifier_job *job)
{
	struct verifier_job *other;

	TAILQ_FOREACH(other, &v->waiting, link)
	job->rank += strcmp(other->client, job->client) == 0;
	TAILQ_FOREACH(other, &v->waiting, link)
	{
		if (other->rank > job->rank)
			break;
	}
	if (other != NULL)
		TAILQ_INSERT_BEFORE(other, job, link);
	else
		TAILQ_INSERT_TAIL(&v->waiting, job, link);
	job->is_waiting = true;
}

struct verifier_job *
verifier_submit(struct verifier *v, const struct users *users, const struct sockaddr *client,
    const char *name, const char *password, verifier_fn *on_result, void *ctx)
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
	job->verifier = v;
	job->users = users;
	job->on_done = on_result;
	job->ctx = ctx;
	sockaddr_format_host(client, job->client);
	pthread_mutex_lock(&v->lock);
	enqueue(v, job);
	pthread_cond_signal(&v->work);
	pthread_mutex_unlock(&v->lock);
	return job;
}

void
verifier_forget(struct verifier_job **job)
{
	struct verifier_job *old = *job;

	if (old == NULL)
		return;
	*job = NULL;
	old->on_done = NULL;

	struct verifier *v = old->verifier;
	bool was_waiting;

	pthread_mutex_lock(&v->lock);
	was_waiting = old->is_waiting;
	if (was_waiting)
		TAILQ_REMOVE(&v->waiting, old, link);
	pthread_mutex_unlock(&v->lock);
	if (was_waiting)
		free_job(old);
}
