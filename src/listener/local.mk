# src/listener
