"""The formats of times in the admin, by language. They sort chronologically and can be compared with log lines."""
