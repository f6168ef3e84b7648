"""What staff do by hand: actions on messages and providers, the block list, a dry run, a message's timeline.

Comes in: a request of staff with a reason. Goes out: a changed row or an error message. It writes `Message`,
`MessageEvent`, `ProviderState`, `ApprovalDoubt` and `BlockedNumber`.
"""
