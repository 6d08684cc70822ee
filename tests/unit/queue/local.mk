# tests of src/queue
