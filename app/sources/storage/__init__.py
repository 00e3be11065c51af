"""Where the files of segments lie (folders, object storage), and which of them a pattern names."""
