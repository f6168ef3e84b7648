"""The product: entry points (api, admin, management, checks), services, models, domain."""
