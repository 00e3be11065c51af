"""What all text formats share: decoding, blocks of lines, dialect and structure of CSV, a line of JSON."""
