"""Phone numbers: any written form to E.164 digits, by libphonenumber's numbering plans; nothing else."""
