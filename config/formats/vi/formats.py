"""Vietnamese: Django has no formats of entry for it, and its own fallback reads the month first."""

DATE_INPUT_FORMATS = ["%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y-%m-%d"]
