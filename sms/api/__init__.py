"""The HTTP API: clients at /send-sms and /messages, vendors at /webhooks, gateways at /inbound, monitoring."""
