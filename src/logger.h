/* SPDX-License-Identifier: MIT */
/*
 * logger.h - --logger python[:NAME] and --req-logger python[:NAME].
 *
 * uWSGI's master, or the thread of --threaded-logger, hands each message that
 * it read from the log pipe to the logger of that name of Python's logging, in
 * the master's process. Its standard streams lead into that pipe; so while
 * Python has a message they lead to the log that uWSGI was started with, and
 * a handler that writes there does not make a message of each message.
 *
 * There, too, goes what Python cannot take: before it has booted, after its
 * exit functions, and what it raised for.
 */
#ifndef UPP_LOGGER_H
#define UPP_LOGGER_H

/* Makes the name known to uWSGI. In the on_load hook. */
void upp_logger_register(void);

/* From here on Python takes the messages, until upp_logger_stop(). */
void upp_logger_start(void);
void upp_logger_stop(void);

#endif
