# The programs: mains that read as a table of contents.
