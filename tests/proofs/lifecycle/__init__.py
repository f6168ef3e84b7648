"""A message's states against a model: claims, results, reports and staff's actions in any order, on both databases."""
