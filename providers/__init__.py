"""The vendor adapters: how each vendor is called, and what its responses and reports mean.

Plain Python: no Django, no database. The Provider that staff edit is a row in
`sms/models/provider.py`; it names one of the adapters here by its slug.
"""
