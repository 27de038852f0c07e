-- Blocks that are worth merging when their run rests: all but a first one that is small (crates/domain/src/store/block.rs).
CREATE INDEX blocks_waiting ON blocks (run_id, count) WHERE seq > 1 OR count > 256;
