"""Members in Snowflake: sign-in, statements, types, refusals; nothing for other warehouses."""
