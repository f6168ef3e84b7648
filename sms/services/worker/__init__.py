"""The worker process: its main loop with a pool of threads, and the tasks that it runs periodically.

Comes in: the signal to start. Goes out: calls to vendors and partners, by way of the packages below. It writes
`Dispatcher`.
"""
