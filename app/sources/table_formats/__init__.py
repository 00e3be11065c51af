"""Open table formats over Parquet files: which files a version has; file_formats reads the files."""
