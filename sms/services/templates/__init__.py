"""Templates as staff work with them: approvals, preview, texts that matched no template, and the CSV file.

Comes in: a template or a CSV file. Goes out: problems, a preview, groups of unmatched texts. The import writes
`MessageTemplate` and `TemplateApproval`.
"""
