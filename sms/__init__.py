"""The product: doors (api, admin, management, checks), services, models, domain."""
