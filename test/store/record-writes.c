/*
 * Preloaded into a process: writes down, in order, everything it does to the files below RECORD_DIRECTORY that a power
 * cut could undo. Each entry of RECORD_LOG is
 *   u8 kind ('w' write, 't' truncate, 's' sync, 'u' unlink, 'r' rename), u16 length of the path, the path,
 *   u64 offset (write), length (truncate) or length of the new path (rename), u32 count, count octets of data.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t raw_write(int fd, const void *data, size_t count)
{
	static ssize_t (*next)(int, const void *, size_t);
	if (!next)
		next = dlsym(RTLD_NEXT, "write");
	return next(fd, data, count);
}

static void record(char kind, const char *path, uint64_t number, const void *data, uint32_t count)
{
	const char *directory = getenv("RECORD_DIRECTORY");
	static int log = -1;
	char header[3 + PATH_MAX + 12], *end = header;
	uint16_t length = strlen(path);

	if (!directory || strncmp(path, directory, strlen(directory)))
		return;
	pthread_mutex_lock(&lock);
	if (log < 0)
		log = open(getenv("RECORD_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	*end++ = kind;
	memcpy(end, &length, 2);
	memcpy(end + 2, path, length);
	end += 2 + length;
	memcpy(end, &number, 8);
	memcpy(end + 8, &count, 4);
	end += 12;
	if (raw_write(log, header, end - header) < 0 || (count && raw_write(log, data, count) < 0))
		abort();
	pthread_mutex_unlock(&lock);
}

static void record_descriptor(char kind, int fd, uint64_t number, const void *data, uint32_t count)
{
	char link[32], path[PATH_MAX];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (length <= 0)
		return;
	path[length] = 0;
	record(kind, path, number, data, count);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite64(int fd, const void *data, size_t count, off64_t offset)
{
	ssize_t done = NEXT(pwrite64)(fd, data, count, offset);
	if (done > 0)
		record_descriptor('w', fd, offset, data, done);
	return done;
}

ssize_t pwrite(int fd, const void *data, size_t count, off_t offset)
{
	ssize_t done = NEXT(pwrite)(fd, data, count, offset);
	if (done > 0)
		record_descriptor('w', fd, offset, data, done);
	return done;
}

ssize_t write(int fd, const void *data, size_t count)
{
	off_t offset = lseek(fd, 0, SEEK_CUR);
	ssize_t done = raw_write(fd, data, count);
	if (done > 0 && offset >= 0)
		record_descriptor('w', fd, offset, data, done);
	return done;
}

int ftruncate64(int fd, off64_t length)
{
	int result = NEXT(ftruncate64)(fd, length);
	if (result == 0)
		record_descriptor('t', fd, length, NULL, 0);
	return result;
}

int ftruncate(int fd, off_t length)
{
	int result = NEXT(ftruncate)(fd, length);
	if (result == 0)
		record_descriptor('t', fd, length, NULL, 0);
	return result;
}

int fsync(int fd)
{
	int result = NEXT(fsync)(fd);
	if (result == 0)
		record_descriptor('s', fd, 0, NULL, 0);
	return result;
}

int fdatasync(int fd)
{
	int result = NEXT(fdatasync)(fd);
	if (result == 0)
		record_descriptor('s', fd, 0, NULL, 0);
	return result;
}

int unlink(const char *path)
{
	int result = NEXT(unlink)(path);
	if (result == 0)
		record('u', path, 0, NULL, 0);
	return result;
}

int rename(const char *from, const char *to)
{
	int result = NEXT(rename)(from, to);
	if (result == 0)
		record('r', from, strlen(to), to, strlen(to));
	return result;
}
