"""What keeps runs moving and tidy without anybody asking: lost runs, old rows, a later look at audiences."""
