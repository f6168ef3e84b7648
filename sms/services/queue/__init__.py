"""The queue is the message table: its statements and row locks, what waits in it, and the jobs made from it.

Comes in: stored messages. Goes out: jobs for the worker's threads, notifications to idle workers. It writes `Message`,
`Attempt` and `MessageEvent`.
"""
