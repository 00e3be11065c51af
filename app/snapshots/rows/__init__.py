"""Rows in memory and on the scratch disk: columns, records of fixed width, their comparison."""
