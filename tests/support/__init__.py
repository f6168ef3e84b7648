"""What tests need around the product: a PostgreSQL, real processes, patience."""
