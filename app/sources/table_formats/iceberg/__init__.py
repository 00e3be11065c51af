"""Apache Iceberg: catalogs, metadata, manifests, deletes, and the files of one snapshot."""
