"""What is kept: a database by its address and the history of its tables. `bot` keeps its tables in the same one."""
