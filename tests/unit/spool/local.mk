# tests of src/spool
