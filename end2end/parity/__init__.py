"""The same calls to MLflow's server and to Runmark, and whether both answer the same.

Owns: making sequences of calls (`values`, `filters`, `calls`, `sequences`), sending them to both servers side by side (`sides`), what
makes two answers the same although ids and times differ (`compare`), and the lists of differences that are meant (`known`, `known_traces`).
Must never: reach into either server; both are seen through the protocol alone. Start reading: `known`, which is what
people change; then `drive.Drive`. To cover an operation, add it to `calls`.
"""
