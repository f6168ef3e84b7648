"""Sending: claims what is due, settles what calls returned, and limits the calls to each provider.

Comes in: the queue's state, results of calls. Goes out: jobs to run. It writes `Message`, `Attempt`, `MessageEvent`,
`ProviderState` and `ApprovalDoubt`.
"""
