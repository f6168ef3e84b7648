"""What staff do by hand: actions on messages and providers, the block list, a dry run, a message's timeline.

Comes in: a person's request with a reason. Goes out: a changed row or an error to show. It writes `Message`,
`MessageEvent`, `ProviderState`, `ApprovalDoubt` and `BlockedNumber`.
"""
