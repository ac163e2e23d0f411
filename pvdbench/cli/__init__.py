"""The pvdbench command: parse, call one library function, turn an error into one line."""
