"""What the admin's pages share: base classes, filters, dialogs, CSV export, privacy."""
