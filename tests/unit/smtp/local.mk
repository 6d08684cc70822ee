# tests of src/smtp
