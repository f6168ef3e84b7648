"""What staff do with templates: approvals, preview, unmatched texts, and CSV import and export.

Comes in: a template or a CSV file. Goes out: problems, a preview, groups of unmatched texts. The import writes
`MessageTemplate` and `TemplateApproval`.
"""
