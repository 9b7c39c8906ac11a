//! Everything that comes from the network passes here before any decoder or writer.
