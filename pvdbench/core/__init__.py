"""What every folder may use: errors, arguments, parameters, entry points, the device, grays, padding and the warp."""
