"""What stands between the network and the application: connections, heads of requests, proxies, crowds."""
