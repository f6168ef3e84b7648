"""The formats for Vietnamese: Django has no input formats for it, and its fallback reads the month first."""

DATE_INPUT_FORMATS = ["%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y-%m-%d"]
