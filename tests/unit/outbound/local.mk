# tests of src/outbound
