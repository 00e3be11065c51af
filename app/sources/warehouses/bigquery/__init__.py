"""Members in BigQuery: sign-in, queries, types, refusals; nothing for other warehouses."""
