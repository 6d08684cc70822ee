# tests of src/listener
