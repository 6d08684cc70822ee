noinst_LIBRARIES += libspool.a
libspool_a_SOURCES = src/spool/board.h src/spool/disk.h src/spool/envelope.h src/spool/outcome.h src/spool/reader.h src/spool/spool.h src/spool/writer.h
