"""Members in ClickHouse: statements, types, refusals; nothing for other warehouses."""
