"""Steps, named after the journey: intake, outbox, dispatch, reports, inbound, retention."""
