"""Members in MySQL and MariaDB; nothing for other servers."""
