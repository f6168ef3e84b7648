"""The doors for machines: Akinon at the endpoint, vendors at the callbacks."""
