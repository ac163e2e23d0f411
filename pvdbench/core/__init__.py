"""What two or more folders share: files, frames, records, parameters, errors, the warp."""
